"""The record of a route check: one immutable document, tied to the digest of the verdict it belongs to.

It holds the policy, what was asked, the digests of the routes and everything measured; the routes themselves are drawn again
from the same requests when somebody wants to see them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tunegate.domain.plain_json import Document, plain
from tunegate.domain.routes import RoutesRequest
from tunegate.gate.routes.check import DrawnDay, RouteFindings
from tunegate.gate.routes.policy import RoutePolicy
from tunegate.gate.verdict_document import ArmDigests, read_record

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
        return {"format": ROUTE_RECORD_FORMAT, **plain(self)}


def request_digests(asked: Sequence[tuple[RoutesRequest, RoutesRequest]]) -> tuple[tuple[str, str], ...]:
    """The digests of production's and the candidate's request of each day."""
    return tuple((production.content_digest, candidate.content_digest) for production, candidate in asked)


def routes_digests(drawn: Sequence[DrawnDay]) -> tuple[tuple[str, str], ...]:
    """The digests of production's and the candidate's routes of each day."""
    return tuple((day.production.routes_digest, day.candidate.routes_digest) for day in drawn)


def simulator_of(drawn: Sequence[DrawnDay]) -> str | None:
    """The version of the simulator that drew the routes."""
    return min((day.production.simulator_version for day in drawn), default=None)


def read_route_check(stored: Mapping[str, Any]) -> RouteDocument:
    """The document of a stored route check. Raises UnreadableRecord."""
    return read_record(RouteDocument, stored, ROUTE_RECORD_FORMAT, "route check")
