from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tunegate.config.changes import AS_THE_FILE_SAYS, Changes
from tunegate.config.loading import load_region
from tunegate.config.models import RelativePeriods, SearchSection
from tunegate.config.region import resolve_periods
from tunegate.domain.errors import BadInput
from tunegate.domain.periods import Period

SAN_FRANCISCO = Path(__file__).parents[3] / "configs" / "regions" / "san_francisco.yaml"
FORM: dict[str, Any] = Changes.model_json_schema()["properties"]
BOUNDS = ("minimum", "maximum", "enum", "format")


def test_a_form_left_empty_changes_nothing() -> None:
    assert AS_THE_FILE_SAYS.as_overrides() == ()
    assert Changes.model_validate({}) == AS_THE_FILE_SAYS
    assert AS_THE_FILE_SAYS.model_dump(mode="json") == {}


def test_what_is_filled_in_reaches_the_configuration_as_set_would(region_file: Path) -> None:
    filled = {"trials": 30, "workers": 3, "seed": 11, "sampler": "random", "forecast": "statistics", "failure_budget": 0}
    search = load_region(region_file, Changes.model_validate(filled).as_overrides())
    assert {name: getattr(search.search, name) for name in filled if name != "seed"} | {"seed": search.seed} == filled


def test_a_later_override_wins_over_the_form(region_file: Path) -> None:
    overrides = (*Changes(trials=30).as_overrides(), "search.trials=40")
    assert load_region(region_file, overrides).search.trials == 40


def test_five_fields_of_days_replace_the_dates_of_a_file() -> None:
    asked = {"newest_complete_day": "2008-06-01", "test_days": 5, "validation_days": 2, "tuning_days": 1, "history_days": 4}
    config = load_region(SAN_FRANCISCO, Changes.model_validate(asked).as_overrides())
    periods = resolve_periods(config, date(2008, 6, 2))
    assert periods.test == Period(date(2008, 5, 28), date(2008, 6, 1))
    assert periods.history == Period(date(2008, 5, 21), date(2008, 5, 24))


def test_some_fields_of_days_change_relative_periods_and_are_refused_beside_fixed_dates(region_file: Path) -> None:
    with pytest.raises(BadInput, match="either dates or counted back"):
        load_region(region_file, Changes(test_days=7).as_overrides())
    days = "newest_complete_day: auto, history_days: 5, tuning_days: 2, validation_days: 2, test_days: 14"
    relative = (f"periods={{{days}}}", *Changes(test_days=7, newest_complete_day=date(2024, 3, 20)).as_overrides())
    periods = resolve_periods(load_region(region_file, relative), date(2024, 4, 1))
    assert periods.test == Period(date(2024, 3, 14), date(2024, 3, 20))


@pytest.mark.parametrize(
    "wrong",
    [
        {"trials": 1},
        {"workers": 257},
        {"trials": "many"},
        {"newest_complete_day": "yesterday"},
        {"sampler": "luck"},
        {"budget": 5},
    ],
)
def test_what_the_form_does_not_allow_is_refused_before_anything_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Changes.model_validate(wrong)


@pytest.mark.parametrize("name", FORM)
def test_every_field_asks_for_one_type_with_the_bounds_of_the_file_and_says_what_it_is(name: str) -> None:
    field = FORM[name]
    assert "anyOf" not in field
    assert "default" not in field
    assert field["description"]
    assert set(field) & set(BOUNDS)
    sections = {**RelativePeriods.model_json_schema()["properties"], **SearchSection.model_json_schema()["properties"]}
    if name not in {"newest_complete_day", "seed"}:
        assert {key: field[key] for key in BOUNDS if key in field} == {
            key: sections[name][key] for key in BOUNDS if key in sections[name]
        }
