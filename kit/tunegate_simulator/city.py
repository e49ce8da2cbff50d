"""A city: what is simulated, on which days, with whose money. Cities without streets are cities, too."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tunegate_simulator.errors import DeclarationError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, init=False)
class City:
    """One place that can be simulated, from `first_day` to `last_day`, both included; days are dates or YYYY-MM-DD.

    `drivers` and `links` count who earns and how much of a network there is: 1 where there is neither. `digest` names the
    content of the data (`folder_digest`); without one it covers these facts. `data` is whatever the day function needs.
    """

    name: str
    first_day: date
    last_day: date
    drivers: int = 1
    links: int = 1
    currency: str = "USD"
    minor_per_major: int = 100
    digest: str = ""
    data: Any = field(default=None, compare=False, repr=False)

    # Written by hand because days may be given as text, which a generated constructor cannot say.
    def __init__(
        self,
        name: str,
        first_day: date | str,
        last_day: date | str,
        *,
        drivers: int = 1,
        links: int = 1,
        currency: str = "USD",
        minor_per_major: int = 100,
        digest: str = "",
        data: Any = None,
    ) -> None:
        first, last = _day(first_day, name), _day(last_day, name)
        if first > last:
            raise _wrong("first_day must not be after last_day", f"{first}, {last}", name)
        for label, count in (("drivers", drivers), ("links", links), ("minor_per_major", minor_per_major)):
            if count < 1:
                raise _wrong(f"{label} must be at least 1", count, name)
        facts = [name, str(first), str(last), drivers, links, currency, minor_per_major]
        digest = digest or "sha256:" + hashlib.sha256(json.dumps(facts).encode()).hexdigest()
        if not _DIGEST.fullmatch(digest):
            raise _wrong("a digest must be `sha256:` and 64 hexadecimal digits", digest, name)
        values = (name, first, last, drivers, links, currency, minor_per_major, digest, data)
        for attribute, value in zip(self.__slots__, values, strict=True):
            object.__setattr__(self, attribute, value)

    def as_message(self) -> dict[str, Any]:
        """The facts in a description."""
        return {
            "name": self.name,
            "digest": self.digest,
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
            "links": self.links,
            "drivers": self.drivers,
            "currency": self.currency,
            "minor_per_major": self.minor_per_major,
        }


def folder_digest(folder: Path | str) -> str:
    """SHA-256 over the names and contents of all files of a folder, for `City(digest=...)`."""
    root = Path(folder)
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return "sha256:" + digest.hexdigest()


def _day(value: date | str, city: str) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise _wrong("a day must be a date that exists, YYYY-MM-DD", value, city) from None


def _wrong(rule: str, value: object, city: str) -> DeclarationError:
    return DeclarationError(rule, value, f"city `{city}`", "Correct the city.")
