"""Notices for people: a closed set of kinds, each worded as a short Slack message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from tunegate.report import formats

SHORT_DIGEST = 19  # `sha256:` and twelve digits


@dataclass(frozen=True, slots=True)
class CampaignStarted:
    """A campaign begins; `test_days` are those that its gate will judge on."""

    region: str
    campaign: str
    trials: int
    test_days: str
    requester: str | None
    run_url: str | None


@dataclass(frozen=True, slots=True)
class CampaignSkipped:
    """A scheduled campaign did not begin, and why."""

    region: str
    reason: str
    run_url: str | None


@dataclass(frozen=True, slots=True)
class VerdictReached:
    """A campaign ended: its outcome in a word and a sentence."""

    region: str
    campaign: str
    outcome: str
    sentence: str
    report: str | None
    run_url: str | None


@dataclass(frozen=True, slots=True)
class CampaignFailed:
    """A campaign ended without an outcome."""

    region: str
    campaign: str
    error: str
    reason: str
    run_url: str | None


@dataclass(frozen=True, slots=True)
class RunCrashed:
    """A process died without reporting a result; `message` is what the orchestrator knows."""

    run: str
    state: str
    message: str
    run_url: str | None


@dataclass(frozen=True, slots=True)
class ApprovalWanted:
    """A verdict waits for a person; `trouble` says why the last answer could not be taken, where there was one."""

    region: str
    verdict: str
    outcome: str
    gain: str
    approvers: tuple[str, ...]
    expires_at: datetime
    report: str | None
    run_url: str | None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A candidate is in production."""

    region: str
    version: int
    approver: str
    reason: str
    verdict: str
    override: bool
    run_url: str | None


@dataclass(frozen=True, slots=True)
class ExperimentStarted:
    """A candidate is to be tried on the street; `plan` is its release plan in sentences."""

    region: str
    experiment: str
    approver: str
    reason: str
    verdict: str
    plan: tuple[str, ...]
    run_url: str | None


@dataclass(frozen=True, slots=True)
class ExperimentLooked:
    """A look that people should know of: harm that only they may end, or rows that cannot be judged; `what` says which."""

    region: str
    experiment: str
    what: str
    reason: str
    run_url: str | None


@dataclass(frozen=True, slots=True)
class ExperimentEnded:
    """An experiment is over: `how` in a word, by whom and why, and what the region runs now."""

    region: str
    experiment: str
    how: str
    who: str
    why: str
    runs: str
    run_url: str | None


@dataclass(frozen=True, slots=True)
class Declined:
    """A person decided against a candidate."""

    region: str
    verdict: str
    approver: str
    reason: str
    run_url: str | None


@dataclass(frozen=True, slots=True)
class Expired:
    """A verdict expired before anybody approved its candidate."""

    region: str
    verdict: str
    expired_at: datetime
    run_url: str | None


@dataclass(frozen=True, slots=True)
class RolledBack:
    """An earlier version is back in production."""

    region: str
    version: int
    restores: int
    approver: str
    reason: str
    run_url: str | None


Notice = (
    CampaignStarted
    | CampaignSkipped
    | VerdictReached
    | CampaignFailed
    | RunCrashed
    | ApprovalWanted
    | Released
    | ExperimentStarted
    | ExperimentLooked
    | ExperimentEnded
    | Declined
    | Expired
    | RolledBack
)


def slack_text(notice: Notice) -> str:
    """The notice in Slack's own markup: a bold headline, what happened, and where to look. Texts of people are escaped."""
    headline, lines = _words(notice)
    report = getattr(notice, "report", None)
    links = [_link(report, "report"), _link(notice.run_url, "run")]
    looked_at = " · ".join(link for link in links if link)
    return "\n".join(
        [f"*{_escaped(headline)}*", *(_escaped(line) for line in lines if line), *([looked_at] if looked_at else [])]
    )


def _words(notice: Notice) -> tuple[str, Iterable[str]]:  # noqa: C901, PLR0911, PLR0912 - one case for each kind
    match notice:
        case CampaignStarted():
            who = "" if notice.requester is None else f", asked for by {notice.requester}"
            budget = f"{formats.plural(notice.trials, 'trial')}, judged on {notice.test_days}{who}"
            return f"{notice.region}: campaign started", (notice.campaign, budget)
        case CampaignSkipped():
            return f"{notice.region}: scheduled campaign skipped", (notice.reason,)
        case VerdictReached():
            return f"{notice.region}: {notice.outcome}", (notice.sentence, notice.campaign)
        case CampaignFailed():
            return f"{notice.region}: campaign failed", (notice.campaign, f"{notice.error}: {notice.reason}")
        case RunCrashed():
            return f"{notice.run}: {notice.state}", (notice.message,)
        case ApprovalWanted():
            return f"{notice.region}: approval wanted, verdict {notice.outcome}", _wanted(notice)
        case Released():
            marked = " AGAINST ITS VERDICT (override)" if notice.override else ""
            return (
                f"{notice.region}: version {notice.version} is in production{marked}",
                (f"approved by {notice.approver}: {notice.reason}", _verdict(notice.verdict)),
            )
        case ExperimentStarted():
            approved = f"approved by {notice.approver}: {notice.reason}"
            return f"{notice.region}: experiment {notice.experiment} begins", (approved, *notice.plan, _verdict(notice.verdict))
        case ExperimentLooked():
            return f"{notice.region}: experiment {notice.experiment}, {notice.what}", (notice.reason,)
        case ExperimentEnded():
            by = f"by {notice.who}: {notice.why}"
            return f"{notice.region}: experiment {notice.experiment} {notice.how}", (by, f"the region runs {notice.runs}")
        case Declined():
            return f"{notice.region}: candidate declined", (f"by {notice.approver}: {notice.reason}", _verdict(notice.verdict))
        case Expired():
            when = f"nobody let it in until {formats.moment(notice.expired_at)}"
            return f"{notice.region}: verdict expired", (when, _verdict(notice.verdict))
        case RolledBack():
            return (
                f"{notice.region}: rolled back to version {notice.restores}",
                (f"by {notice.approver}: {notice.reason}", f"version {notice.version} in the registry"),
            )
        case _:
            assert_never(notice)


def _wanted(notice: ApprovalWanted) -> Iterable[str]:
    if notice.trouble is not None:
        yield f"The last answer could not be taken: {notice.trouble}"
    yield notice.gain
    yield f"by one of {', '.join(notice.approvers) or 'nobody'}, until {formats.moment(notice.expires_at)}"
    yield _verdict(notice.verdict)


def _verdict(digest: str) -> str:
    return f"verdict {digest[:SHORT_DIGEST]}"


def _link(address: str | None, name: str) -> str:
    """A Slack link for a web address, with Slack's own delimiters escaped; a file path is shown as it is."""
    if address is None:
        return ""
    if not address.startswith(("http://", "https://", "{{")):
        return f"{name}: {_escaped(address)}"
    return f"<{address.replace('|', '%7C').replace('>', '%3E')}|{name}>"


def _escaped(text: str) -> str:
    """The three signs that mean something to Slack wherever they stand."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
