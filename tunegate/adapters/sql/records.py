"""Verdict records and the ledger of test periods in SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, select

from tunegate.adapters.sql.database import insert_if_absent
from tunegate.adapters.sql.outages import retry_on_outage
from tunegate.adapters.sql.tables import ledger, verdicts
from tunegate.domain.canonical import canonical_json, text_digest
from tunegate.domain.errors import Fault
from tunegate.domain.periods import Period
from tunegate.gate.ledger import LedgerEntry
from tunegate.ports.records import LedgerMoved, VerdictRow
from tunegate.ports.results import RecordConflict

_VERDICT_ID = re.compile(r"(?:sha256:)?([0-9a-f]{6,64})")


class SqlVerdictRecords:
    """Implements the port `VerdictRecords`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def save(self, region: str, campaign: str, document: Mapping[str, object], at: datetime) -> str:
        text = canonical_json(dict(document))
        row = {"id": text_digest(text), "region": region, "campaign": campaign, "at": at, "document": text}
        with self._engine.begin() as connection:
            insert_if_absent(connection, verdicts, [row])
        return str(row["id"])

    @retry_on_outage
    def find(self, verdict_id: str) -> VerdictRow | None:
        digits = _VERDICT_ID.fullmatch(verdict_id)
        if digits is None:
            return None
        query = select(verdicts).where(verdicts.c.id.startswith(f"sha256:{digits[1]}")).order_by(verdicts.c.id).limit(2)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        if len(rows) > 1:
            found = ", ".join(row.id for row in rows)
            raise RecordConflict(Fault("a verdict id must fit one record", found, f"verdict {verdict_id}", "Give more digits."))
        return _verdict(rows[0]) if rows else None

    @retry_on_outage
    def of_region(self, region: str) -> tuple[VerdictRow, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(verdicts).where(verdicts.c.region == region)).all()
        return tuple(sorted(map(_verdict, rows), key=lambda row: (row.at, row.id), reverse=True))


class SqlLedger:
    """Implements the port `Ledger`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @retry_on_outage
    def entries(self, region: str) -> tuple[LedgerEntry, ...]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(ledger).where(ledger.c.region == region).order_by(ledger.c.sequence)).all()
        return tuple(map(_entry, rows))

    @retry_on_outage
    def append(self, entry: LedgerEntry, after: int) -> LedgerEntry:
        """The sequence number is the key, so of two writers only one can be the next."""
        use = {
            "region": entry.region,
            "test_first": entry.test.first,
            "test_last": entry.test.last,
            "question_digest": entry.question_digest,
        }
        asked_by = {"campaign": entry.campaign, "candidate_digest": entry.candidate_digest}
        row = use | asked_by | {"sequence": after, "alpha_spent": entry.alpha_spent, "at": entry.at}
        with self._engine.begin() as connection:
            insert_if_absent(connection, ledger, [row])
            kept = connection.execute(select(ledger).filter_by(**use)).one_or_none()
            if kept is None or (kept.sequence == after and _before(connection, entry.region, after) != after):
                raise LedgerMoved(f"the ledger of {entry.region} does not have exactly {after} entries")
            return _entry(kept)


def _before(connection: Connection, region: str, sequence: int) -> int:
    earlier = select(func.count()).where(ledger.c.region == region, ledger.c.sequence < sequence)
    return connection.execute(earlier).scalar_one()


def _verdict(row: Row[Any]) -> VerdictRow:
    if text_digest(row.document) != row.id:
        fault = Fault(
            "a verdict record must have the digest it was kept under",
            text_digest(row.document),
            f"verdict {row.id}",
            "It was changed after it was written: trust neither it nor what was approved by it.",
        )
        raise RecordConflict(fault)
    return VerdictRow(id=row.id, region=row.region, campaign=row.campaign, at=row.at, document=json.loads(row.document))


def _entry(row: Row[Any]) -> LedgerEntry:
    return LedgerEntry(
        region=row.region,
        test=Period(row.test_first, row.test_last),
        campaign=row.campaign,
        candidate_digest=row.candidate_digest,
        question_digest=row.question_digest,
        alpha_spent=row.alpha_spent,
        at=row.at,
    )
