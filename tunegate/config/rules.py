"""Rules that span several keys, checked on the plain tree so that one fault elsewhere hides none of them.

Each rule looks only at what has the right type; what has not is reported by the models. A place is a key path.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeGuard
from zoneinfo import available_timezones

from pydantic import ValidationError

from tunegate.config.document import Key
from tunegate.config.models import FixedPeriods, RelativePeriods
from tunegate.config.rollout_models import ObservationsSection, SwitchbackSection
from tunegate.domain.errors import Fault
from tunegate.domain.periods import Period, Periods
from tunegate.release.people import HOME_KEY, same_person
from tunegate.release.ssh_signature import InvalidKey, read_public_key
from tunegate.search.definition import WILCOXON_DAYS

RuleFault = tuple[Key, Fault]


def broken_rules(tree: Mapping[str, Any]) -> tuple[RuleFault, ...]:
    """Every broken rule with the key it is about; the fault's own `place` is that key, dotted."""
    return (
        *_city_rules(tree),
        *_space_rules(tree),
        *_production_rules(tree),
        *_search_rules(tree),
        *_period_rules(tree),
        *_route_rules(tree),
        *_rollout_rules(tree),
        *_approver_rules(tree),
    )


def _fault(key: Key, rule: str, value: str, remedy: str) -> RuleFault:
    return key, Fault(rule, value, ".".join(key), remedy)


def _approver_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    """Keys of approvers are keys, no two names are one person, and where signatures are required everybody has a key."""
    release = tree.get("release")
    if not isinstance(release, Mapping):
        return
    approvers, keyless = release.get("approvers"), isinstance(release.get("approvers"), list)
    names = [name for name in approvers if isinstance(name, str)] if isinstance(approvers, list | Mapping) else []
    remedy = "Write e.g. `ada: ssh-ed25519 AAAA…`, the line of her id_ed25519.pub (`ssh-keygen -t ed25519` makes it)."
    if keyless and names and release.get("signatures") == "required":
        yield _fault(
            ("release", "approvers"), "approvers who must sign must have keys", f"names only, {', '.join(names)}", remedy
        )
    for section in ("approvers", "former_approvers"):
        listed = release.get(section)
        for name, key in listed.items() if isinstance(listed, Mapping) else ():
            if not isinstance(key, str) or key == HOME_KEY:
                continue
            try:
                read_public_key(key)
            except InvalidKey as error:
                yield _fault(
                    ("release", section, str(name)), "a public key must be of the kind ssh-ed25519", str(error), remedy
                )
    for index, name in enumerate(names):
        if any(same_person(name, other) for other in names[:index]):
            yield _fault(("release", "approvers"), "an approver must be listed once", name, "Take one of the names out.")


def _city_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    simulator = tree.get("simulator")
    if not isinstance(simulator, Mapping):
        return
    given = [name for name in ("city", "city_source") if simulator.get(name) is not None]
    if len(given) != 1:
        yield _fault(
            ("simulator", given[-1]) if given else ("simulator",),
            "exactly one of `city` and `city_source` must be given",
            "both" if given else "neither",
            "Name raw data with `city_source`, or a bundled or imported city with `city`.",
        )


def _space_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    for name, axis in _axes(tree).items():
        key = ("search", "space", name)
        low, high = axis.get("low"), axis.get("high")
        if _is_number(low) and _is_number(high) and not low < high:
            yield _fault(key, "`low < high` must hold", f"low={low}, high={high}", "Put the smaller bound in `low`.")
        if axis.get("log") is True and _is_number(low) and low <= 0:
            yield _fault(
                (*key, "low"), "`low > 0` must hold on a logarithmic axis", f"{low}", "Raise `low`, or set log: false."
            )
        for bound in ("low", "high"):
            value = axis.get(bound)
            if axis.get("type") == "int" and isinstance(value, float) and not value.is_integer():
                rule = "bounds of an int axis must be whole numbers"
                yield _fault((*key, bound), rule, f"{value}", "Round it, or set type: float.")


def _production_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    production = tree.get("production")
    if not isinstance(production, Mapping):
        return
    for name, axis in _axes(tree).items():
        key = ("production", name)
        value = production.get(name)
        low, high = axis.get("low"), axis.get("high")
        if name not in production:
            rule = "production must name every searched parameter"
            remedy = f"Add production.{name}: it is part of the first trial of every study."
            yield _fault(key, rule, f"nothing for {name}", remedy)
        elif _is_number(value) and _is_number(low) and _is_number(high) and low < high and not low <= value <= high:
            rule = "production must lie within the search space"
            remedy = f"Widen search.space.{name}, or correct production.{name}."
            yield _fault(key, rule, f"{value} outside {low}..{high}", remedy)
        elif axis.get("type") == "int" and isinstance(value, float):
            yield _fault(key, "an int parameter must be a whole number", f"{value}", "Write it without a decimal point.")


def _search_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    search = tree.get("search")
    if not isinstance(search, Mapping):
        return
    trials, top = search.get("trials"), search.get("confirm_top")
    if _is_whole(trials) and _is_whole(top) and trials >= 2 and top >= trials:
        remedy = f"At most {trials - 1}: production's own trial is never a candidate."
        yield _fault(("search", "confirm_top"), "`confirm_top < trials` must hold", f"{top} of {trials} trials", remedy)
    fewest = {"wilcoxon": WILCOXON_DAYS + 1, "median": 2}.get(str(search.get("pruner")))
    days = _tuning_days(tree)
    if fewest is not None and days is not None and 0 < days < fewest:
        rule = f"the {search['pruner']} pruner needs at least {fewest} tuning days"
        yield _fault(("search", "pruner"), rule, f"{days}", "Tune on more days, or set pruner: none.")


def _route_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    routes = tree.get("routes")
    hours = routes.get("hours") if isinstance(routes, Mapping) else None
    if isinstance(hours, list):
        twice = sorted({str(hour) for hour in hours if hours.count(hour) > 1})
        if twice:
            yield _fault(("routes", "hours"), "an hour may be named once", f"{', '.join(twice)} twice", "Take it out.")


def _rollout_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    section = tree.get("rollout_plan")
    if not isinstance(section, Mapping):
        return
    yield from _switchback_rules(section.get("switchback"))
    observations = section.get("observations")
    if isinstance(observations, Mapping):
        kinds = tuple(ObservationsSection.model_fields)
        given = [name for name in kinds if observations.get(name) is not None]
        if len(given) != 1:
            rule, remedy = f"exactly one of {', '.join(kinds)} must be given", "Name the one place where the street reports."
            yield _fault(("rollout_plan", "observations"), rule, " and ".join(given) or "none", remedy)


def _switchback_rules(switchback: object) -> Iterator[RuleFault]:
    """The rules of a design that span its keys, once each key by itself is sound."""
    try:
        section = SwitchbackSection.model_validate(switchback)
    except ValidationError:
        return
    for fault in section.design.faults("rollout_plan.switchback"):
        yield tuple(fault.place.split(".")), fault
    if section.time_zone not in available_timezones():
        key = ("rollout_plan", "switchback", "time_zone")
        yield _fault(key, "a time zone must be one of the tz database", repr(section.time_zone), "Write America/New_York.")


def mixes_period_kinds(tree: Mapping[str, Any]) -> bool:
    """Whether periods are given by date and relative at once; what pydantic says of them then only confuses."""
    section = tree.get("periods")
    given = set(section) if isinstance(section, Mapping) else set()
    return bool(given & set(FixedPeriods.model_fields)) and bool(given & set(RelativePeriods.model_fields))


def _period_rules(tree: Mapping[str, Any]) -> Iterator[RuleFault]:
    periods = _fixed_periods(tree)
    if mixes_period_kinds(tree):
        rule = "periods must be either dates or counted back from the newest complete day"
        remedy = f"Keep {', '.join(FixedPeriods.model_fields)}, or {', '.join(RelativePeriods.model_fields)}."
        yield _fault(("periods",), rule, "keys of both kinds", remedy)
    elif periods is not None:
        for fault in periods.faults():
            yield tuple(fault.place.split(".")), fault
        if len(periods.validation.days) == 1:
            rule, remedy = "finalists must be compared on at least 2 validation days", "Begin it earlier, or end it later."
            yield _fault(("periods", "validation"), rule, f"{periods.validation}", remedy)


def _fixed_periods(tree: Mapping[str, Any]) -> Periods | None:
    section = tree.get("periods")
    if not isinstance(section, Mapping):
        return None
    found = [_period(section.get(name)) for name in FixedPeriods.model_fields]
    whole = [period for period in found if period is not None]
    return Periods(*whole) if len(whole) == len(found) else None


def _tuning_days(tree: Mapping[str, Any]) -> int | None:
    section = tree.get("periods")
    if not isinstance(section, Mapping):
        return None
    days = section.get("tuning_days")
    if _is_whole(days):
        return days
    period = _period(section.get("tuning"))
    return None if period is None else len(period.days)


def _period(section: object) -> Period | None:
    if not isinstance(section, Mapping):
        return None
    first, last = _day(section.get("first")), _day(section.get("last"))
    return None if first is None or last is None else Period(first, last)


def _day(value: object) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _axes(tree: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    search = tree.get("search")
    space = search.get("space") if isinstance(search, Mapping) else None
    return {name: axis for name, axis in space.items() if isinstance(axis, Mapping)} if isinstance(space, Mapping) else {}


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
