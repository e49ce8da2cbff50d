"""The record of a route check: one immutable document, tied to the digest of the verdict it belongs to.

It holds the policy, what was asked, the digests of the routes and everything measured; the routes themselves are drawn again
from the same requests when somebody wants to see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tunegate.domain.routes import RoutesRequest
from tunegate.gate.documents import Document, plain
from tunegate.gate.routes.check import Blocked, DrawnDay, NotChecked, Passed, RouteFindings, RoutePair, RouteResult
from tunegate.gate.routes.measures import ArmMeasures, RouteMeasures
from tunegate.gate.routes.policy import RoutePolicy, route_policy_from_document
from tunegate.gate.verdict_document import ArmDigests, UnreadableRecord, check_format

ROUTE_RECORD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RouteDocument:
    """The content of a route check.

    `verdict` is the digest of the verdict it belongs to, `simulator` the version that drew the routes (None where none was
    drawn). The digests of requests and routes hold one pair a day, production first.
    """

    verdict: str
    region: str
    campaign: str
    parameter_digests: ArmDigests
    code_version: str
    simulator: str | None
    policy: RoutePolicy
    request_digests: tuple[tuple[str, str], ...]
    routes_digests: tuple[tuple[str, str], ...]
    findings: RouteFindings

    def as_json(self) -> Document:
        """The stored form."""
        document: Document = plain(self)
        findings = {**document["findings"], "result": result_to_document(self.findings.result)}
        return {"format": ROUTE_RECORD_FORMAT, **document, "findings": findings}


def request_digests(asked: Sequence[tuple[RoutesRequest, RoutesRequest]]) -> tuple[tuple[str, str], ...]:
    """The digests of production's and the candidate's request of each day."""
    return tuple((production.content_digest, candidate.content_digest) for production, candidate in asked)


def routes_digests(drawn: Sequence[DrawnDay]) -> tuple[tuple[str, str], ...]:
    """The digests of production's and the candidate's routes of each day."""
    return tuple((day.production.routes_digest, day.candidate.routes_digest) for day in drawn)


def simulator_of(drawn: Sequence[DrawnDay]) -> str | None:
    """The version of the simulator that drew the routes."""
    return min((day.production.simulator_version for day in drawn), default=None)


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


def read_route_check(stored: Mapping[str, Any]) -> RouteDocument:
    """The document of a stored route check. Raises UnreadableRecord."""
    check_format(stored, ROUTE_RECORD_FORMAT, "route check")
    try:
        return RouteDocument(
            verdict=stored["verdict"],
            region=stored["region"],
            campaign=stored["campaign"],
            parameter_digests=ArmDigests(**stored["parameter_digests"]),
            code_version=stored["code_version"],
            simulator=stored["simulator"],
            policy=route_policy_from_document(stored["policy"]),
            request_digests=tuple(tuple(day) for day in stored["request_digests"]),
            routes_digests=tuple(tuple(day) for day in stored["routes_digests"]),
            findings=_findings(stored["findings"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableRecord.because("every field must be one that tunegate writes", repr(error), "route check") from error


def _findings(found: Mapping[str, Any]) -> RouteFindings:
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
