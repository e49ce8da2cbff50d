from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from tests.synthetic.evidence import CANDIDATE, PRODUCTION, synthetic_evidence, synthetic_policy
from tests.synthetic.gates import SyntheticRegion
from tunegate.adapters.local.publisher import FilePublisher
from tunegate.adapters.sql.database import open_database
from tunegate.adapters.sql.registry import SqlRegistry
from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.domain.releases import Approval
from tunegate.gate.judge import judge
from tunegate.gate.record import VerdictRecord, build_record
from tunegate.gate.routes.check import RouteFindings, RouteResult
from tunegate.gate.routes.measures import Yardstick
from tunegate.gate.routes.policy import LIMITED, Limit, RouteLimits, RoutePolicy
from tunegate.gate.routes.record import RouteDocument
from tunegate.gate.verdict_document import read_verdict
from tunegate.release.people import ReleasePolicy
from tunegate.release.routes import StoredRouteCheck
from tunegate.release.rules import ReleaseCandidate
from tunegate.release.service import ReleaseService

REGIONS = {
    "promote": SyntheticRegion(effect_ml_pct=2.0, effect_statistics_pct=2.0, guardrails=2, guardrail_margin_errors=8.0),
    "reject": SyntheticRegion(effect_ml_pct=-2.0),
    "inconclusive": SyntheticRegion(seeds=1, effect_ml_pct=0.4),
    "invalid": SyntheticRegion(effect_ml_pct=2.0),
}
POLICY = ReleasePolicy(approvers=("Ada", "ben@example.org"), four_eyes=True, expiry_days=7)


def policy_of(_region: str) -> ReleasePolicy:
    """One policy for every region."""
    return POLICY


@cache
def record(kind: str = "promote") -> VerdictRecord:
    """A real verdict of this kind on synthetic days, as the gate writes it."""
    evidence = replace(synthetic_evidence(REGIONS[kind], zones=12), region="toy", campaign="toy-1")
    if kind == "invalid":
        evidence = replace(evidence, answers={})
    policy = synthetic_policy(REGIONS[kind], worst_zone_margin_pct=5.0)
    made = build_record(evidence, policy, judge(evidence, policy), "0.1.0")
    assert made.document["judgement"]["verdict"]["kind"] == kind
    return made


def changed(made: VerdictRecord, place: str, value: object) -> VerdictRecord:
    """A record of its own right that says something else at a dotted place."""
    document = json.loads(canonical_json(made.document))
    *outer, last = place.split(".")
    section = document
    for part in outer:
        section = section[part]
    section[last] = value
    return VerdictRecord(content_digest(document), document)


def next_record(number: int) -> VerdictRecord:
    """A promotion whose champion is the candidate of `record()`, as the campaign after it would write one."""
    onwards = changed(record(), "parameter_digests", {"production": CANDIDATE.digest, "candidate": f"sha256:{number:064x}"})
    return changed(onwards, "evidence.candidate", {"gamma": 0.98, "max_wait_s": 400.0 + number})


def judged_at(made: VerdictRecord) -> datetime:
    return datetime.fromisoformat(made.document["evidence"]["judged_on"]).replace(hour=9, tzinfo=UTC)


def candidate_of(made: VerdictRecord, **changes: object) -> ReleaseCandidate:
    candidate = ReleaseCandidate(made.document, judged_at(made), "carl", POLICY, PRODUCTION, frozenset({"max_wait_s"}))
    return replace(candidate, **changes)


def approval_of(made: VerdictRecord, **changes: object) -> Approval:
    return replace(Approval("toy", made.id, "ada", "looks right"), **changes)


ROUTE_POLICY = RoutePolicy(
    required=True,
    yardstick=Yardstick(chance=0.2, loop_s=600, loop_chance=0.05),
    limits=RouteLimits(None, **dict.fromkeys(LIMITED, Limit(None, None))),
)


def stored_routes(
    result: RouteResult | None, made: VerdictRecord | None = None, *, required: bool = True, **changes: object
) -> StoredRouteCheck:
    if result is None:
        return StoredRouteCheck(required, None)
    made = made or record()
    digests = read_verdict(made.document).parameter_digests
    check = RouteDocument(made.id, "toy", "toy-1", digests, "0.1.0", None, ROUTE_POLICY, (), (), RouteFindings(result))
    return StoredRouteCheck(required, {**check.as_json(), **changes})


@dataclass
class SettableClock:
    """A clock that tests set."""

    time: datetime

    def now(self) -> datetime:
        return self.time

    def wait(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass(frozen=True)
class Office:
    """A desk over a real database and a real folder."""

    registry: SqlRegistry
    publisher: FilePublisher
    clock: SettableClock

    @property
    def desk(self) -> ReleaseService:
        return ReleaseService(self.registry, self.publisher, self.clock, policy_of)


@pytest.fixture
def office(tmp_path: Path):
    engine = open_database(f"sqlite:///{tmp_path}/results.sqlite")
    yield Office(
        SqlRegistry(engine), FilePublisher(tmp_path / "published"), SettableClock(judged_at(record()) + timedelta(hours=1))
    )
    engine.dispose()
