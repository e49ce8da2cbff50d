"""A judgement as plain JSON and back, bit for bit. Numbers that are not finite are stored as text, see `documents`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, overload

from tunegate.domain.days import Forecast
from tunegate.domain.parameters import Direction
from tunegate.domain.verdicts import Inconclusive, Interval, Invalid, Promote, Reject, Remedy, Verdict, kind_of
from tunegate.gate.documents import Document, plain
from tunegate.gate.judgement import (
    Check,
    DayDifference,
    GuardrailOutcome,
    GuardrailStatus,
    Judgement,
    VarianceComponents,
    WorstZone,
)
from tunegate.gate.policy import GuardrailKind


def judgement_to_document(judgement: Judgement) -> Document:
    """The judgement, its verdict tagged with its kind."""
    document: Document = plain(judgement)
    return {**document, "verdict": {"kind": kind_of(judgement.verdict), **document["verdict"]}}


def judgement_from_document(document: Mapping[str, Any]) -> Judgement:
    """What `judgement_to_document` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    worst_zone = document["worst_zone"]
    return Judgement(
        verdict=_verdict(document["verdict"]),
        one_sided_level=_number(document["one_sided_level"]),
        delta_ml=_interval(document["delta_ml"]),
        delta_statistics=_interval(document["delta_statistics"]),
        interaction=_interval(document["interaction"]),
        sign_flip_p_ml=_number(document["sign_flip_p_ml"]),
        sign_flip_p_statistics=_number(document["sign_flip_p_statistics"]),
        days=tuple(_day(day) for day in document["days"]),
        guardrails=tuple(_guardrail(outcome) for outcome in document["guardrails"]),
        worst_zone=None if worst_zone is None else WorstZone(**_numbers(worst_zone, but={"zone"})),
        checks=tuple(Check(**check) for check in document["checks"]),
        components_ml=_components(document["components_ml"]),
        components_statistics=_components(document["components_statistics"]),
        minimum_detectable_effect_pct=_number(document["minimum_detectable_effect_pct"]),
        plain_words=document["plain_words"],
    )


def _verdict(document: Mapping[str, Any]) -> Verdict:
    reason = document["reason"]
    match document["kind"]:
        case "promote":
            return Promote(reason)
        case "reject":
            return Reject(reason)
        case "inconclusive":
            return Inconclusive(reason, Remedy(document["remedy"]))
        case "invalid":
            return Invalid(reason)
        case other:
            raise ValueError(f"the kind of a verdict must be promote, reject, inconclusive or invalid, but got {other!r}")


def _day(document: Mapping[str, Any]) -> DayDifference:
    numbers = _numbers(document, but={"day", "forecast"})
    return DayDifference(**{**numbers, "day": date.fromisoformat(document["day"]), "forecast": Forecast(document["forecast"])})


def _guardrail(document: Mapping[str, Any]) -> GuardrailOutcome:
    return GuardrailOutcome(
        metric=document["metric"],
        direction=Direction(document["direction"]),
        kind=GuardrailKind(document["kind"]),
        margin=_number(document["margin"]),
        estimate=_number(document["estimate"]),
        low=_number(document["low"]),
        high=_number(document["high"]),
        status=GuardrailStatus(document["standing"]),
        note=document["note"],
    )


def _interval(document: Mapping[str, Any] | None) -> Interval | None:
    return None if document is None else Interval(**_numbers(document))


def _components(document: Mapping[str, Any] | None) -> VarianceComponents | None:
    return None if document is None else VarianceComponents(**_numbers(document))


def _numbers(document: Mapping[str, Any], but: set[str] | None = None) -> dict[str, Any]:
    return {name: value if but and name in but else _number(value) for name, value in document.items()}


@overload
def _number(value: float | str) -> float: ...
@overload
def _number(value: None) -> None: ...
def _number(value: float | str | None) -> float | None:
    """A number as it was stored; an integer stays one, so that writing it again gives the same bytes."""
    return float(value) if isinstance(value, str) else value
