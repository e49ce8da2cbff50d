"""Settings of the simulated world, which are not tuned. Each has a default and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from hailsim.faults import BadInput, Fault

Number = float | int


@dataclass(frozen=True, slots=True)
class UnknownRange:
    """The prior of a setting that has not been measured.

    low, high: its ends, in the unit of the setting. log: uniform in the logarithm instead of in the value.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One setting as listed by `describe`.

    type: `int` or `float`. low, high: inclusive bounds of a valid value. unknown: the prior of a value that has not been
    measured; None for one that is measured or chosen.
    """

    name: str
    type: str
    unit: str
    default: Number
    low: Number
    high: Number
    meaning: str
    unknown: UnknownRange | None = None


# With these defaults for patience and latent demand, a fleet that moves like observed cabs serves about as many trips as were
# recorded, in San Francisco and in Manhattan (docs/model.md).
SETTINGS = (
    SettingSpec("taxis", "int", "taxis", 0, 0, 100_000, "Size of the fleet; 0 takes the city's own."),
    SettingSpec(
        "follower_share",
        "float",
        "share",
        1.0,
        0.0,
        1.0,
        "Share of drivers who use the recommendation; the others move as observed cabs do.",
        UnknownRange(0.05, 0.5),
    ),
    SettingSpec(
        "compliance",
        "float",
        "share",
        0.8,
        0.0,
        1.0,
        "Chance that a follower takes a recommended turn; other turns are as observed cabs take them.",
        UnknownRange(0.25, 1.0),
    ),
    SettingSpec(
        "patience_s",
        "float",
        "s",
        600.0,
        10.0,
        7200.0,
        "Mean of the customers' true patience (Erlang-2). What the planner assumes is the parameter max_wait_s.",
        UnknownRange(150.0, 1800.0, log=True),
    ),
    SettingSpec(
        "latent_factor",
        "float",
        "ratio",
        3.0,
        0.05,
        10.0,
        "Customers per recorded trip: recorded pickups are served demand only, often of one company only. Below 1 thins.",
        UnknownRange(1.0, 6.0, log=True),
    ),
    SettingSpec(
        "standing_share",
        "float",
        "share",
        0.25,
        0.0,
        0.9,
        "Share of their vacant time for which taxis stand, at a rank or at the kerb, five minutes at a time on average.",
        UnknownRange(0.0, 0.5),
    ),
    SettingSpec(
        "traffic_factor",
        "float",
        "ratio",
        1.0,
        0.25,
        4.0,
        "Travel times on the simulated days over those of the city; what is learnt from history days stays.",
        UnknownRange(0.8, 1.25, log=True),
    ),
    SettingSpec(
        "ml_late_share",
        "float",
        "share",
        0.0,
        0.0,
        1.0,
        "Share of half hours in which the ml forecast does not arrive and the statistics forecast takes over.",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings; units and meaning in `SETTINGS`."""

    taxis: int
    follower_share: float
    compliance: float
    patience_s: float
    latent_factor: float
    standing_share: float
    traffic_factor: float
    ml_late_share: float


def read_settings(given: Mapping[str, object]) -> Settings:
    """The defaults, overridden by the given values.

    Raises BadInput listing every unknown name, wrong type and broken bound.
    """
    specs = {spec.name: spec for spec in SETTINGS}
    faults = [
        Fault("a setting must be one that `hailsim describe` lists", name, "settings", f"Use one of {', '.join(specs)}.")
        for name in given
        if name not in specs
    ]
    values: dict[str, Number] = {}
    for spec in SETTINGS:
        value = given.get(spec.name, spec.default)
        place = f"settings.{spec.name}"
        whole = isinstance(value, float) and value.is_integer()
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or (spec.type == "int" and isinstance(value, float) and not whole)
        ):
            faults.append(Fault(f"must be a {spec.type}", repr(value), place, "Give a number."))
        elif not spec.low <= value <= spec.high:
            faults.append(
                Fault(
                    f"{spec.low} <= {spec.name} <= {spec.high} must hold", repr(value), place, f"The default is {spec.default}."
                )
            )
        else:
            values[spec.name] = int(value) if spec.type == "int" else float(value)
    if faults:
        raise BadInput(faults)
    return Settings(**{field.name: values[field.name] for field in fields(Settings)})  # type: ignore[arg-type]
