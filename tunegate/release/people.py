"""Who may release: names, their public keys, and when two names are one person."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

HOME_KEY = "home"
"""In place of a key: the one that an installation makes for itself, for demonstrations on one machine."""


@dataclass(frozen=True, slots=True)
class ReleasePolicy:
    """Who may release in a region, and for how long after the verdict. `four_eyes` excludes the requester of the campaign.

    `keys` are the public keys of approvers, `former_keys` those of people who may approve no more and whose releases stay.
    Who has a key signs; with `signatures_required` nothing is released or published without.
    """

    approvers: tuple[str, ...]
    four_eyes: bool
    expiry_days: int
    signatures_required: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    former_keys: Mapping[str, str] = field(default_factory=dict)

    def key_of(self, person: str) -> str | None:
        """The public key of a person, also of one who may approve no more; None where there is none."""
        listed = {**self.former_keys, **self.keys}
        return next((key for name, key in listed.items() if same_person(name, person)), None)


def same_person(one: str, other: str) -> bool:
    """Whether two names differ at most in case, spaces and how letters are encoded: `Ada` is no second person beside `ada`."""
    return _normal(one) == _normal(other)


def _normal(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())
