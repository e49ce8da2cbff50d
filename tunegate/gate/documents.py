"""Evidence and policy as plain JSON and back, bit for bit.

JSON knows no NaN and no infinity: a number that is not finite becomes the text `nan`, `inf` or `-inf`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

from tunegate.domain.canonical import JSON_KEY
from tunegate.domain.days import Arm, DayResult, Forecast, SimulationAnswer
from tunegate.domain.parameters import Direction, Parameters
from tunegate.domain.periods import Period
from tunegate.gate.evidence import GateEvidence, Pattern, pattern_name
from tunegate.gate.policy import GatePolicy, GuardrailKind, GuardrailPolicy

Document = dict[str, Any]


def plain(value: object) -> Any:
    """A frozen dataclass, and all that is in it, as plain JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.metadata.get(JSON_KEY, field.name): plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return _plain_leaf(value)


def _plain_leaf(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    return number(value) if isinstance(value, float) else value


def number(value: float) -> float | str:
    """A number for JSON, which knows no NaN and no infinity."""
    return value if math.isfinite(value) else str(value)


def answer_to_document(answer: SimulationAnswer) -> Document:
    """An answer without its computing time, which is no evidence: two equal runs never take equally long."""
    return {
        "applied_parameters": _numbers(answer.applied_parameters),
        "trained_last_day": answer.trained_last_day.isoformat(),
        "city_digest": answer.city_digest,
        "simulator_version": answer.simulator_version,
        "days": [_row_to_document(row) for row in answer.days],
    }


def answer_from_document(document: Mapping[str, Any]) -> SimulationAnswer:
    """The answer, with a computing time of 0."""
    return SimulationAnswer(
        days=tuple(_row_from_document(row) for row in document["days"]),
        applied_parameters=_floats(document["applied_parameters"]),
        trained_last_day=date.fromisoformat(document["trained_last_day"]),
        city_digest=document["city_digest"],
        simulator_version=document["simulator_version"],
        compute_s=0.0,
    )


def answers_to_document(answers: Mapping[Pattern, SimulationAnswer]) -> Document:
    """Answers by pattern name, such as `candidate/ml`."""
    return {pattern_name(pattern): answer_to_document(answer) for pattern, answer in answers.items()}


def evidence_to_document(evidence: GateEvidence) -> Document:
    """Everything one verdict rests on, day results included."""
    return {
        **claims_to_document(evidence),
        "answers": answers_to_document(evidence.answers),
        "self_check": None if evidence.self_check is None else answer_to_document(evidence.self_check),
    }


def evidence_from_document(document: Mapping[str, Any]) -> GateEvidence:
    """What `evidence_to_document` wrote."""
    answers = {pattern_of(name): answer_from_document(answer) for name, answer in document["answers"].items()}
    again = document["self_check"]
    return evidence_with(document, answers, None if again is None else answer_from_document(again))


def claims_to_document(evidence: GateEvidence) -> Document:
    """The evidence without the simulators' answers."""
    newest = evidence.newest_data_day
    return {
        "region": evidence.region,
        "campaign": evidence.campaign,
        "test": plain(evidence.test),
        "days": [day.isoformat() for day in evidence.days],
        "seeds": list(evidence.seeds),
        "production": _numbers(evidence.production),
        "candidate": _numbers(evidence.candidate),
        "live_production_digest": evidence.live_production_digest,
        "judged_on": evidence.judged_on.isoformat(),
        "newest_data_day": None if newest is None else newest.isoformat(),
        "alpha_spent": number(evidence.alpha_spent),
        "refusal": evidence.refusal,
    }


def evidence_with(
    claims: Mapping[str, Any], answers: Mapping[Pattern, SimulationAnswer], self_check: SimulationAnswer | None
) -> GateEvidence:
    """Evidence from its claims and answers that were kept elsewhere."""
    newest = claims["newest_data_day"]
    return GateEvidence(
        region=claims["region"],
        campaign=claims["campaign"],
        test=Period(date.fromisoformat(claims["test"]["first"]), date.fromisoformat(claims["test"]["last"])),
        days=tuple(date.fromisoformat(day) for day in claims["days"]),
        seeds=tuple(claims["seeds"]),
        production=Parameters(_floats(claims["production"])),
        candidate=Parameters(_floats(claims["candidate"])),
        live_production_digest=claims["live_production_digest"],
        answers=answers,
        self_check=self_check,
        judged_on=date.fromisoformat(claims["judged_on"]),
        newest_data_day=None if newest is None else date.fromisoformat(newest),
        alpha_spent=float(claims["alpha_spent"]),
        refusal=claims["refusal"],
    )


def policy_from_document(document: Mapping[str, Any]) -> GatePolicy:
    """What `plain(policy)` wrote."""
    guardrails = tuple(
        GuardrailPolicy(item["metric"], Direction(item["direction"]), item["margin"], GuardrailKind(item["kind"]))
        for item in document["guardrails"]
    )
    return GatePolicy(**{**document, "guardrails": guardrails})


def pattern_of(name: str) -> Pattern:
    """The pattern that `pattern_name` named. Raises ValueError for any other text."""
    arm, forecast = name.split("/")
    return Arm(arm), Forecast(forecast)


def _row_to_document(row: DayResult) -> Document:
    return {
        "day": row.day.isoformat(),
        "seed": row.seed,
        "forecast": row.forecast.value,
        "metrics": _numbers(row.metrics),
        "zone_revenue_minor": dict(row.zone_revenue_minor),
        "drivers": row.drivers,
        "order_log_digest": row.order_log_digest,
    }


def _row_from_document(document: Mapping[str, Any]) -> DayResult:
    return DayResult(
        day=date.fromisoformat(document["day"]),
        seed=document["seed"],
        forecast=Forecast(document["forecast"]),
        metrics=_floats(document["metrics"]),
        zone_revenue_minor=dict(document["zone_revenue_minor"]),
        drivers=document["drivers"],
        order_log_digest=document["order_log_digest"],
    )


def _numbers(values: Mapping[str, float]) -> dict[str, float | str]:
    """Always floats, so that a store that gives 5.0 back for 5 changes no digest."""
    return {name: number(float(value)) for name, value in sorted(values.items())}


def _floats(values: Mapping[str, float | str]) -> dict[str, float]:
    if any(isinstance(value, bool) for value in values.values()):
        raise ValueError(f"every value must be a number, but got {dict(values)}")
    return {name: float(value) for name, value in values.items()}
