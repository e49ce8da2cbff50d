"""Releases: the versions of a region's production parameters, and what people decided about candidates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tunegate.domain.canonical import JSON_KEY
from tunegate.domain.parameters import Parameters
from tunegate.domain.signed_statements import SignedStatement


class ReleaseKind(StrEnum):
    """How a version came to be."""

    INITIAL = "initial"
    ROLLOUT = "rollout"
    EXPERIMENT = "experiment"
    CONCLUSION = "conclusion"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a region's production parameters; never changed once it is in the registry.

    `version` counts from 1 in each region and `previous` is the version before it. `verdict` is the digest of the record a
    person approved, None where no candidate was. `restores` names the version a rollback brings back, always one that is no
    rollback itself and no experiment. `override` marks parameters that came in against their verdict, for ever: it goes along
    when such a version is restored. `published` is the document production reads, byte for byte in UTF-8, fixed here so that
    restoring a version restores its bytes whatever a later tunegate would write.

    An experiment is a version too: its `parameters` are those that production keeps, and its candidate is in `published` with
    the schedule. The version after it ends it: a conclusion, whose parameters are the candidate's and whose `verdict` the
    experiment's, or a rollback.
    """

    region: str
    version: int
    kind: ReleaseKind
    parameters: Parameters
    approver: str = field(metadata={JSON_KEY: "who"})
    when: datetime
    reason: str = field(metadata={JSON_KEY: "why"})
    verdict: str | None
    previous: int | None
    restores: int | None
    override: bool
    published: str

    @property
    def content(self) -> int:
        """The version whose parameters run: its own, or the one it restores."""
        return self.version if self.restores is None else self.restores


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's approval of a verdict: its digest as they saw it, their name and their reason.

    `override`: they know that the verdict is not Promote. `signed`: their signature, where they gave one.
    """

    region: str
    verdict: str
    approver: str
    reason: str
    override: bool = False
    signed: SignedStatement | None = None


class DecisionOutcome(StrEnum):
    """How a verdict was decided. It is decided once."""

    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision about a verdict: approved (a release exists), declined by a person, or expired."""

    region: str
    verdict: str
    outcome: DecisionOutcome
    approver: str = field(metadata={JSON_KEY: "who"})
    when: datetime
    reason: str = field(metadata={JSON_KEY: "why"})
