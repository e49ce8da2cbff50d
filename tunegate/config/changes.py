"""What one campaign changes of its region's file, as a form asks for it.

The model's schema is the form, so every field has its bounds, its help and, where there are few answers, all of them. What is
filled in becomes the `dotted.key=value` texts that `--set` takes: a campaign begun in a browser and one begun at a terminal
pass the same checks.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import SkipJsonSchema

from tunegate.config.models import Day, RelativePeriods
from tunegate.config.section import Section
from tunegate.search.definition import SamplerName

# Optional, but with a schema that offers no `null`: a form would ask for the type of a value before the value.
Nothing = SkipJsonSchema[None]

_PERIODS = tuple(RelativePeriods.model_fields)
_KEYS = {
    "trials": "search.trials",
    "workers": "search.workers",
    "seed": "seed",
    "sampler": "search.sampler",
    "forecast": "search.forecast",
    "failure_budget": "search.failure_budget",
    **{name: f"periods.{name}" for name in _PERIODS},
}


def _drop_default(schema: dict[str, Any]) -> None:
    """Leave the default out of the schema: a form would show it as a value that was typed."""
    schema.pop("default", None)


def _if_filled(description: str) -> Any:
    return Field(None, description=description, json_schema_extra=_drop_default)


Days = Annotated[int, Field(ge=1, le=366)]


class Changes(Section):
    """What is left empty stays as the region's file says. Where that has fixed dates, new ones need all five fields of days."""

    trials: Annotated[int, Field(ge=2, le=100_000)] | Nothing = _if_filled(
        "complete trials of the search, production's among them"
    )
    workers: Annotated[int, Field(ge=1, le=256)] | Nothing = _if_filled("workers that search at the same time")
    newest_complete_day: Day | Nothing = _if_filled("last day of the test period, which the others are counted back from")
    test_days: Days | Nothing = _if_filled("days that the gate judges on")
    validation_days: Annotated[int, Field(ge=2, le=366)] | Nothing = _if_filled("days that choose among the best of the search")
    tuning_days: Days | Nothing = _if_filled("days that every trial simulates")
    history_days: Days | Nothing = _if_filled("days that train the demand forecast")
    sampler: SamplerName | Nothing = _if_filled("how parameters are proposed")
    forecast: Literal["ml", "statistics"] | Nothing = _if_filled("demand forecast the recommender plans with while tuning")
    failure_budget: Annotated[int, Field(ge=0, le=100_000)] | Nothing = _if_filled("failed trials tolerated by the search")
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] | Nothing = _if_filled("number that all random draws are keyed by")

    @model_serializer(mode="wrap")
    def _only_what_is_filled(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out empty fields: a form that begins with nulls sends them back, and they fail its own type check."""
        return {name: value for name, value in serialise(self).items() if value is not None}

    def as_overrides(self) -> tuple[str, ...]:
        """`dotted.key=value` texts of what was filled in, in the order of the form.

        All five fields of days together are a period section of their own, and replace the one of the file.
        """
        filled = self.model_dump(mode="json")
        if set(_PERIODS) <= filled.keys():
            days = ", ".join(f"{name}: {filled.pop(name)}" for name in _PERIODS)
            return (f"periods={{{days}}}", *_each(filled))
        return _each(filled)


def _each(filled: dict[str, Any]) -> tuple[str, ...]:
    return tuple(f"{_KEYS[name]}={value}" for name, value in filled.items())


AS_THE_FILE_SAYS = Changes()
