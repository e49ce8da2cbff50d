"""The record of a route check: one immutable document, tied to the digest of the verdict it belongs to.

It holds the policy, what was asked, the digests of the routes and everything measured; the routes themselves are drawn again
from the same requests when somebody wants to see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tunegate.domain.parameters import Parameters
from tunegate.domain.routes import RoutesRequest
from tunegate.gate.documents import Document, plain
from tunegate.gate.routes.check import Blocked, DrawnDay, NotChecked, Passed, RouteFindings, RoutePair, RouteResult
from tunegate.gate.routes.measures import ArmMeasures, RouteMeasures
from tunegate.gate.routes.policy import RoutePolicy

ROUTE_RECORD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RouteSubject:
    """Whose routes were checked: the verdict's digest, and the parameters of both arms."""

    verdict: str
    region: str
    campaign: str
    production: Parameters
    candidate: Parameters


def route_record(
    subject: RouteSubject,
    policy: RoutePolicy,
    *,
    asked: Sequence[tuple[RoutesRequest, RoutesRequest]],
    drawn: Sequence[DrawnDay],
    findings: RouteFindings,
    code_version: str,
) -> Document:
    """The document. `asked` holds production's and the candidate's request of each day; `drawn` is empty if none was drawn."""
    simulators = sorted({day.production.simulator_version for day in drawn})
    return {
        "format": ROUTE_RECORD_FORMAT,
        "verdict": subject.verdict,
        "region": subject.region,
        "campaign": subject.campaign,
        "parameter_digests": {"production": subject.production.digest, "candidate": subject.candidate.digest},
        "code_version": code_version,
        "simulator": simulators[0] if simulators else None,
        "policy": plain(policy),
        "request_digests": [[request.content_digest for request in day] for day in asked],
        "routes_digests": [[day.production.routes_digest, day.candidate.routes_digest] for day in drawn],
        "findings": {**plain(findings), "result": result_to_document(findings.result)},
    }


def result_to_document(result: RouteResult) -> Document:
    """`kind` (passed, blocked, not checked) and what the result says besides."""
    kinds = {Passed: "passed", Blocked: "blocked", NotChecked: "not checked"}
    fields: Document = plain(result)
    return {"kind": kinds[type(result)], **fields}


def result_from_document(document: Mapping[str, Any]) -> RouteResult:
    """What `result_to_document` wrote. Raises ValueError for another kind."""
    match document["kind"]:
        case "passed":
            return Passed()
        case "blocked":
            return Blocked(tuple(document["reasons"]))
        case "not checked":
            return NotChecked(document["reason"])
        case other:
            raise ValueError(f"the kind of a route check must be passed, blocked or not checked, but got {other!r}")


def findings_from_document(record: Mapping[str, Any]) -> RouteFindings:
    """The findings of a record. Raises ValueError for a record of another format."""
    if record.get("format") != ROUTE_RECORD_FORMAT:
        raise ValueError(f"`format == {ROUTE_RECORD_FORMAT}` must hold for a route check, but got {record.get('format')}")
    found = record["findings"]
    return RouteFindings(
        result=result_from_document(found["result"]),
        production=_arm(found["production"]),
        candidate=_arm(found["candidate"]),
        changed_pct=found["changed_pct"],
        pairs=tuple(_pair(pair) for pair in found["pairs"]),
    )


def _arm(document: Mapping[str, Any] | None) -> ArmMeasures | None:
    return None if document is None else ArmMeasures(**document)


def _pair(document: Mapping[str, Any]) -> RoutePair:
    arms = {arm: RouteMeasures(**document[arm]) for arm in ("production", "candidate")}
    return RoutePair(**{**document, **arms, "day": date.fromisoformat(document["day"])})
