"""Whether a configuration fits the simulator it is for, by the simulator's own `describe`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

from tunegate.config.region import RegionConfig, resolve_periods
from tunegate.config.worlds import origin_faults
from tunegate.domain.errors import Fault
from tunegate.domain.parameters import ParameterSpec
from tunegate.domain.periods import Periods
from tunegate.domain.simulation import CityFacts, SettingSpec, SettingValue, SimulatorDescription

_SETTING_TYPES: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "bool": (bool,), "str": (str,)}


def config_faults(config: RegionConfig, description: SimulatorDescription) -> tuple[Fault, ...]:
    """Every way in which the two do not fit: parameters, bounds, settings, guardrails, and days without data.

    Days are checked when the description is of a city.
    """
    return (
        *_space_faults(config, description),
        *_production_faults(config, description),
        *_setting_faults("simulator.settings", config.simulator.settings, description),
        *_world_faults(config, description),
        *config.gate.policy().faults_against(description.metrics),
        *_route_faults(config, description),
        *day_faults(config, description),
    )


def _space_faults(config: RegionConfig, description: SimulatorDescription) -> Iterator[Fault]:
    specs = {spec.name: spec for spec in description.parameters}
    for axis in config.dimensions:
        place = f"search.space.{axis.name}"
        spec = specs.get(axis.name)
        if spec is None:
            yield _unknown("a searched parameter must be one of the simulator's", axis.name, place, specs)
            continue
        if not (spec.low <= axis.low and axis.high <= spec.high):
            rule = f"the simulator takes {axis.name} from {spec.low:g} to {spec.high:g} {spec.unit}".rstrip()
            yield Fault(rule, f"{axis.low:g}..{axis.high:g}", place, "Search within these bounds.")
        if spec.type == "int" and axis.type == "float":
            yield Fault(f"the simulator takes whole numbers for {axis.name}", "type: float", place, "Set type: int.")


def _production_faults(config: RegionConfig, description: SimulatorDescription) -> Iterator[Fault]:
    specs = {spec.name: spec for spec in description.parameters}
    for name, value in config.production.items():
        place = f"production.{name}"
        spec = specs.get(name)
        if spec is None:
            yield _unknown("a production parameter must be one of the simulator's", name, place, specs)
        else:
            yield from _value_faults(spec, value, place)
    for name in sorted(specs.keys() - config.production.keys()):
        meaning = f"{specs[name].meaning.rstrip('.')}; {specs[name].default:g} {specs[name].unit}".rstrip()
        rule = "production must name every parameter of the simulator"
        yield Fault(rule, f"nothing for {name}", f"production.{name}", f"Add what runs now ({meaning} by default).")


def _value_faults(spec: ParameterSpec, value: float, place: str) -> Iterator[Fault]:
    if not spec.low <= value <= spec.high:
        rule = f"the simulator takes {spec.name} from {spec.low:g} to {spec.high:g} {spec.unit}".rstrip()
        yield Fault(rule, f"{value:g}", place, "Correct the value.")
    if spec.type == "int" and not float(value).is_integer():
        yield Fault(f"the simulator takes whole numbers for {spec.name}", f"{value:g}", place, "Correct the value.")


def _world_faults(config: RegionConfig, description: SimulatorDescription) -> Iterator[Fault]:
    if config.worlds is None:
        return
    yield from origin_faults(config.worlds, description)
    for number, world in enumerate(config.worlds.worlds.believed):
        yield from _setting_faults(f"worlds.{number}.settings", world.settings, description)
    for stress in config.worlds.worlds.stress:
        yield from _setting_faults(f"worlds.stress.{stress.name}.settings", stress.settings, description)


def _setting_faults(section: str, settings: Mapping[str, SettingValue], description: SimulatorDescription) -> Iterator[Fault]:
    specs = {spec.name: spec for spec in description.settings}
    for name, value in settings.items():
        place = f"{section}.{name}"
        spec = specs.get(name)
        if spec is None:
            yield _unknown("a setting must be one of the simulator's", name, place, specs)
        elif not _has_type(spec, value):
            yield Fault(f"the simulator takes a {spec.type} for {name}", repr(value), place, f"It means: {spec.meaning}")
        elif isinstance(value, int | float) and not isinstance(value, bool) and not _within(spec, value):
            low = "any" if spec.low is None else f"{spec.low:g}"
            high = "any" if spec.high is None else f"{spec.high:g}"
            rule = f"the simulator takes {name} from {low} to {high} {spec.unit}".rstrip()
            yield Fault(rule, f"{value:g}", place, "Correct the value.")


def _route_faults(config: RegionConfig, description: SimulatorDescription) -> Iterator[Fault]:
    if config.routes is not None and config.routes.required and not description.routes:
        rule = "routes that must be checked need a simulator that draws them"
        remedy = (
            "Say `required: false`, and the report will say that they were not; or offer routes: docs/simulator-contract.md."
        )
        yield Fault(rule, f"{description.name} {description.version}, which does not", "routes.required", remedy)


def _has_type(spec: SettingSpec, value: SettingValue) -> bool:
    allowed = _SETTING_TYPES.get(spec.type, (object,))
    return isinstance(value, allowed) and (spec.type == "bool" or not isinstance(value, bool))


def _within(spec: SettingSpec, value: float) -> bool:
    return (spec.low is None or spec.low <= value) and (spec.high is None or value <= spec.high)


def day_faults(config: RegionConfig, description: SimulatorDescription) -> tuple[Fault, ...]:
    """Every period for which the city has no data; nothing when the description is of no city."""
    return tuple(_day_faults(config, description.city)) if description.city else ()


def _day_faults(config: RegionConfig, city: CityFacts) -> Iterator[Fault]:
    periods: Periods = resolve_periods(config, city.last_day)
    for name, period in periods.in_order():
        if period.first < city.first_day or period.last > city.last_day:
            rule = f"the data of {city.name} covers {city.first_day} to {city.last_day}"
            yield Fault(rule, f"{name} {period}", f"periods.{name}", "Move the period, or bring data for these days.")


def _unknown(rule: str, name: str, place: str, known: Iterable[str]) -> Fault:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    remedy = f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(names)}."
    return Fault(rule, f"`{name}`", place, remedy)
