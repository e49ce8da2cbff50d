"""What a person signs when they release, as text that is signed byte for byte, and the signature."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tunegate.domain.canonical import canonical_json


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement of plain JSON values and the armoured SSH signature over its canonical JSON.

    Fields that a later version adds are signed along, since the whole statement is. Raises ValueError for a statement that no
    version of tunegate writes.
    """

    statement: Mapping[str, Any]
    signature: str

    def __post_init__(self) -> None:
        if not isinstance(self.statement, Mapping) or not isinstance(self.signature, str):
            raise ValueError("a signed statement must have a mapping and a signature")
        if self.signed_at.tzinfo is None:
            raise ValueError("a statement must be of a time with a zone")

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return canonical_json(dict(self.statement)).encode()

    @property
    def signed_at(self) -> datetime:
        """When, by the clock of the person who signed. Raises ValueError where there is none."""
        found = self.statement.get("signed_at")
        if not isinstance(found, str):
            raise ValueError("a statement must say when it was signed")
        return datetime.fromisoformat(found)

    def as_document(self) -> dict[str, Any]:
        """As it stands in a published document."""
        return {"statement": dict(self.statement), "signature": self.signature}

    def as_line(self) -> str:
        """One line to paste into a form."""
        return base64.urlsafe_b64encode(canonical_json(self.as_document()).encode()).decode()

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> SignedStatement:
        """What `as_document` wrote. Raises ValueError."""
        try:
            return cls(document["statement"], document["signature"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"no signed statement: {error!r}") from error

    @classmethod
    def from_line(cls, text: str) -> SignedStatement:
        """What `as_line` wrote, with any spaces and line breaks. Raises ValueError."""
        try:
            document = json.loads(base64.b64decode("".join(text.split()), altchars=b"-_", validate=True))
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError("no text that `tunegate sign` prints") from error
        return cls.from_document(document)
