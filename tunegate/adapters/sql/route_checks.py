"""Route checks in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, select

from tunegate.adapters.sql.database import insert_if_absent
from tunegate.adapters.sql.outages import retry_on_outage
from tunegate.adapters.sql.tables import route_checks
from tunegate.domain.canonical import canonical_json, text_digest
from tunegate.domain.errors import Fault
from tunegate.ports.records import RouteCheckRow
from tunegate.ports.results import RecordConflict


class SqlRouteChecks:
    """Implements the port `RouteChecks`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def save(self, verdict: str, document: Mapping[str, object], at: datetime) -> str:
        text = canonical_json(dict(document))
        digest = text_digest(text)
        with self._engine.begin() as connection:
            insert_if_absent(connection, route_checks, [{"verdict": verdict, "id": digest, "at": at, "document": text}])
            kept = connection.execute(select(route_checks.c.id).where(route_checks.c.verdict == verdict)).scalar_one()
        if kept != digest:
            rule, remedy = "the routes of a verdict must be checked once", "What was kept first stays. Tune again."
            raise RecordConflict(Fault(rule, f"{digest} beside {kept}", f"verdict {verdict}", remedy))
        return digest

    @retry_on_outage
    def find(self, verdict: str) -> RouteCheckRow | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(route_checks).where(route_checks.c.verdict == verdict)).one_or_none()
        if row is None:
            return None
        if text_digest(row.document) != row.id:
            rule, remedy = (
                "a route check must have the digest it was kept under",
                "It was changed afterwards: trust it no more.",
            )
            raise RecordConflict(Fault(rule, text_digest(row.document), f"verdict {verdict}", remedy))
        return RouteCheckRow(row.id, row.verdict, row.at, json.loads(row.document))
