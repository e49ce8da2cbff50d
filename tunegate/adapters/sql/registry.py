"""The registry in SQL. Rows are only ever inserted, and the primary keys decide who was first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, func, insert, select
from sqlalchemy.exc import IntegrityError

from tunegate.adapters.sql.database import insert_if_absent
from tunegate.adapters.sql.outages import commit_once, retry_on_outage
from tunegate.adapters.sql.tables import decisions, releases
from tunegate.domain.canonical import canonical_json
from tunegate.domain.parameters import Parameters
from tunegate.domain.releases import Decision, DecisionOutcome, Release, ReleaseKind
from tunegate.ports.registry import RegistryMoved, VerdictDecided


class SqlRegistry:
    """Implements the port `Registry`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def regions(self) -> tuple[str, ...]:
        with self._engine.connect() as connection:
            return tuple(sorted(connection.execute(select(releases.c.region).distinct()).scalars()))

    @retry_on_outage
    def current(self, region: str) -> Release | None:
        newest = select(releases).where(releases.c.region == region).order_by(releases.c.version.desc()).limit(1)
        with self._engine.connect() as connection:
            row = connection.execute(newest).one_or_none()
        return None if row is None else _release(row)

    @retry_on_outage
    def history(self, region: str) -> tuple[Release, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(releases).where(releases.c.region == region).order_by(releases.c.version)).all()
        return tuple(map(_release, rows))

    @retry_on_outage
    def append(self, release: Release, expected_current: int | None) -> None:
        """The version is part of the key, so of two writers only one can be the next."""
        if (release.previous, release.version) != (expected_current, (expected_current or 0) + 1):
            found = f"version {release.version} after {release.previous}, expected {expected_current}"
            raise ValueError(f"`version == previous + 1` and `previous == expected` must hold, but got {found}")
        moved = RegistryMoved(f"version {expected_current or 'none'} is no longer the current one of {release.region}")
        with self._writing() as connection:
            _insert(connection, releases, _release_columns(release), moved)
            before = releases.c.region == release.region, releases.c.version < release.version
            if connection.execute(select(func.max(releases.c.version)).where(*before)).scalar_one() != expected_current:
                raise moved
            if release.verdict is not None and release.kind is not ReleaseKind.CONCLUSION:  # decided when its experiment began
                decided = VerdictDecided(f"verdict {release.verdict} was decided before")
                _insert(connection, decisions, _decision_columns(_approval_of(release, release.verdict)), decided)

    @retry_on_outage
    def decide(self, decision: Decision) -> None:
        if decision.outcome is DecisionOutcome.APPROVED:
            raise ValueError("a verdict is approved by a release, but got a decision without one")
        with self._writing() as connection:
            insert_if_absent(connection, decisions, [_decision_columns(decision)])
            kept = connection.execute(select(decisions).where(decisions.c.verdict == decision.verdict)).one()
        if (kept.outcome, kept.region) != (decision.outcome.value, decision.region):
            raise VerdictDecided(f"verdict {decision.verdict} was {kept.outcome} before, by {kept.who}")

    @retry_on_outage
    def decision(self, verdict: str) -> Decision | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(decisions).where(decisions.c.verdict == verdict)).one_or_none()
        return None if row is None else _decision(row)

    @retry_on_outage
    def decisions(self, region: str) -> tuple[Decision, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(decisions).where(decisions.c.region == region)).all()
        return tuple(sorted(map(_decision, rows), key=lambda decision: (decision.when, decision.verdict)))

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that is on disk when it ends: production must never run what the registry forgot in a power cut."""
        with self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA synchronous = FULL")
            yield connection
            with commit_once("a decision must be known to be kept", "See `tunegate registry` for whether it is."):
                connection.commit()


def _insert(connection: Connection, table: Table, row: Mapping[str, Any], taken: Exception) -> None:
    """Insert a row; raise `taken` where its key is taken."""
    try:
        connection.execute(insert(table), row)
    except IntegrityError as error:
        raise taken from error


def _approval_of(release: Release, verdict: str) -> Decision:
    return Decision(release.region, verdict, DecisionOutcome.APPROVED, release.approver, release.when, release.reason)


def _release_columns(release: Release) -> dict[str, Any]:
    return {
        "region": release.region,
        "version": release.version,
        "kind": release.kind.value,
        "parameters": canonical_json(dict(release.parameters)),
        "who": release.approver,
        "at": release.when,
        "why": release.reason,
        "verdict": release.verdict,
        "previous": release.previous,
        "restores": release.restores,
        "override": release.override,
        "published": release.published,
    }


def _release(row: Row[Any]) -> Release:
    return Release(
        region=row.region,
        version=row.version,
        kind=ReleaseKind(row.kind),
        parameters=Parameters(json.loads(row.parameters)),
        approver=row.who,
        when=row.at,
        reason=row.why,
        verdict=row.verdict,
        previous=row.previous,
        restores=row.restores,
        override=row.override,
        published=row.published,
    )


def _decision_columns(decision: Decision) -> dict[str, Any]:
    return {
        "verdict": decision.verdict,
        "region": decision.region,
        "outcome": decision.outcome.value,
        "who": decision.approver,
        "at": decision.when,
        "why": decision.reason,
    }


def _decision(row: Row[Any]) -> Decision:
    return Decision(row.region, row.verdict, DecisionOutcome(row.outcome), row.who, row.at, row.why)
