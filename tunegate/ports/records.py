"""Evidence that outlives a campaign: verdict records and the ledger of test periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tunegate.gate.ledger import LedgerEntry


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One immutable verdict record. `id` is the SHA-256 of the canonical JSON of `document`."""

    id: str
    region: str
    campaign: str
    at: datetime
    document: Mapping[str, Any]


class VerdictRecords(Protocol):
    """Content-addressed verdict documents. Every method may block for a database and may be called from any thread."""

    def save(self, region: str, campaign: str, document: Mapping[str, object], at: datetime) -> str:
        """Keep a document of plain JSON values and return its id (`sha256:…`); keeping it again changes nothing."""
        ...

    def find(self, verdict_id: str) -> VerdictRow | None:
        """The record with this id or with this beginning of the hexadecimal digits (at least 6), or None.

        Raises RecordConflict when the beginning fits several, or when what is stored no longer has its digest.
        """
        ...

    def of_region(self, region: str) -> tuple[VerdictRow, ...]:
        """Every record of a region, newest first."""
        ...


@dataclass(frozen=True, slots=True)
class RouteCheckRow:
    """The one immutable route check of a verdict. `id` is the SHA-256 of the canonical JSON of `document`."""

    id: str
    verdict: str
    at: datetime
    document: Mapping[str, Any]


class RouteChecks(Protocol):
    """Route checks by the full digest of their verdict. Every method may block and may be called from any thread."""

    def save(self, verdict: str, document: Mapping[str, object], at: datetime) -> str:
        """Keep the check of a verdict, a document of plain JSON values, and return its id (`sha256:…`).

        Keeping the same again changes nothing. Raises RecordConflict when the verdict has another one: it is checked once.
        """
        ...

    def find(self, verdict: str) -> RouteCheckRow | None:
        """The check of a verdict, or None. Raises RecordConflict when what is stored no longer has its digest."""
        ...


class LedgerMoved(Exception):
    """Another campaign of the region wrote first: compute the level again from the current entries."""


class Ledger(Protocol):
    """Uses of test periods by region, in order. Every method may block for a database and may be called from any thread."""

    def entries(self, region: str) -> tuple[LedgerEntry, ...]:
        """Every use by a region, oldest first."""
        ...

    def append(self, entry: LedgerEntry, after: int) -> LedgerEntry:
        """Enter a use, if the region has exactly `after` entries; else raises LedgerMoved and writes nothing.

        The level a use spends depends on the uses before it, so two campaigns must not both think they come first. The same
        question on the same period again learns nothing new: the first entry is returned.
        """
        ...
