"""The recommender's tunable parameters, the search space of a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from hailsim.faults import BadInput, Fault


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One parameter as listed by `describe`."""

    name: str
    unit: str
    low: float
    high: float
    default: float
    meaning: str


PARAMETERS = (
    ParameterSpec(
        "gamma",
        "1/min",
        0.5,
        0.999,
        0.95,
        "Discount of a fare per minute of search still ahead: low values hunt close by, high values travel to better places.",
    ),
    ParameterSpec(
        "max_wait_s",
        "s",
        10.0,
        3600.0,
        600.0,
        "How long the planner believes that a customer waits; the customers' true patience is a setting.",
    ),
    ParameterSpec(
        "turn_weight_left",
        "% of a mean fare",
        0.0,
        20.0,
        1.0,
        "Preference against a left turn (across the traffic where one drives on the right), beyond its seconds.",
    ),
    ParameterSpec(
        "turn_weight_right",
        "% of a mean fare",
        0.0,
        20.0,
        0.3,
        "Preference against a right turn (across the traffic where one drives on the left), beyond its seconds.",
    ),
    ParameterSpec(
        "road_weight_local",
        "ratio",
        0.1,
        10.0,
        1.0,
        "Belief in the demand on local roads. Keep it at 1 as the reference unless the level of demand itself "
        "is to be tuned: it trades off with max_wait_s.",
    ),
    ParameterSpec(
        "road_weight_arterial",
        "ratio",
        0.1,
        10.0,
        1.0,
        "Belief in the demand on arterial roads, against 1 for what the records say.",
    ),
    ParameterSpec(
        "temperature",
        "% of a mean fare",
        0.05,
        50.0,
        2.0,
        "Softness of the choice between turns: low values herd taxis, high values send them anywhere.",
    ),
)


@dataclass(frozen=True, slots=True)
class PlannerParameters:
    """Checked parameters; units and meaning in `PARAMETERS`."""

    gamma: float
    max_wait_s: float
    turn_weight_left: float
    turn_weight_right: float
    road_weight_local: float
    road_weight_arterial: float
    temperature: float


def read_parameters(given: Mapping[str, float]) -> PlannerParameters:
    """The defaults, overridden by the given values.

    Raises BadInput listing every unknown name and broken bound.
    """
    specs = {spec.name: spec for spec in PARAMETERS}
    faults = [
        Fault("a parameter must be one that `hailsim describe` lists", name, "parameters", f"Use one of {', '.join(specs)}.")
        for name in given
        if name not in specs
    ]
    values = {name: float(given.get(name, spec.default)) for name, spec in specs.items()}
    faults += [
        Fault(
            f"{specs[name].low} <= {name} <= {specs[name].high} must hold",
            repr(value),
            f"parameters.{name}",
            f"The default is {specs[name].default}.",
        )
        for name, value in values.items()
        if not specs[name].low <= value <= specs[name].high
    ]
    if faults:
        raise BadInput(faults)
    return PlannerParameters(**{field.name: values[field.name] for field in fields(PlannerParameters)})
