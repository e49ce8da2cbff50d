"""Whether a stored verdict is what the reviewed configuration and the stored day results say, before anybody may release it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tunegate.application.campaigns import find_campaign
from tunegate.application.verdicts import replay_record
from tunegate.config.plan import CampaignPlan
from tunegate.config.region import RegionConfig
from tunegate.config.reviewed import deciding_digest, reviewed_config
from tunegate.domain.errors import BadInput, Fault
from tunegate.gate.verdict_document import VerdictDocument, read_verdict
from tunegate.installation import Installation
from tunegate.ports.records import VerdictRow

_AGAIN = "Tune again: `tunegate retune` with a file of the reviewed folder (TUNEGATE_CONFIGS)."
_CHANGED = "It was changed after it was written: trust neither it nor what was approved by it."
MOST_DIFFERENCES = 3


@dataclass(frozen=True, slots=True)
class ReviewedVerdict:
    """The reviewed configuration of a verdict, None where it has none, and every reason why the record cannot be relied on."""

    config: RegionConfig | None
    faults: tuple[Fault, ...]


def review_verdict(installation: Installation, verdict: VerdictRow) -> ReviewedVerdict:
    """Read the reviewed configuration that the record claims, and compute the record again under it."""
    try:
        document = read_verdict(verdict.document)
        config = _claimed_config(installation, document, f"verdict {verdict.id}")
    except BadInput as error:
        return ReviewedVerdict(None, error.faults)
    plan = installation.plan(verdict.campaign)
    faults = (
        *_claim_faults(installation, verdict, document, config, plan),
        *_replay_faults(installation, verdict, document, config, plan),
    )
    return ReviewedVerdict(config, faults)


def _claimed_config(installation: Installation, document: VerdictDocument, place: str) -> RegionConfig:
    claimed = document.evidence.configuration
    if claimed is None:
        rule = "a verdict must name the reviewed configuration it was judged by"
        raise BadInput(Fault(rule, f"none, as of tunegate {document.code_version}", place, _AGAIN))
    return reviewed_config(claimed, installation.workspace.configs)


def _claim_faults(
    installation: Installation, verdict: VerdictRow, document: VerdictDocument, config: RegionConfig, plan: CampaignPlan
) -> Iterator[Fault]:
    """Where record, campaign and reviewed configuration disagree."""
    place, evidence = f"verdict {verdict.id}", document.evidence
    if (evidence.region, evidence.campaign) != (config.region, verdict.campaign):
        rule = "a verdict must be of its campaign, and of the region of its reviewed file"
        yield Fault(rule, f"{evidence.campaign} of {evidence.region}, in a file of {config.region}", place, _CHANGED)
    if document.policy != config.gate_policy:
        rule = "a verdict must be judged by the limits of the reviewed configuration"
        yield Fault(rule, "other limits", place, _CHANGED)
    if plan.provenance != evidence.configuration or deciding_digest(plan.config) != deciding_digest(config):
        rule = "a verdict must claim the configuration that its campaign began with"
        yield Fault(rule, "another one", f"{place}, campaign {verdict.campaign}", _CHANGED)
    kept = find_campaign(installation, verdict.campaign).config_digest
    if kept != plan.config.digest:
        rule = "the configuration of a campaign must have the digest it was kept under"
        yield Fault(rule, plan.config.digest, f"campaign {verdict.campaign}", _CHANGED)


def _replay_faults(
    installation: Installation, verdict: VerdictRow, document: VerdictDocument, config: RegionConfig, plan: CampaignPlan
) -> Iterator[Fault]:
    """Where the record differs from what comes out when the reviewed configuration's requests are judged again."""
    asked = CampaignPlan.of(plan.campaign, config.running(document.evidence.production), plan.city, plan.description)
    replayed = replay_record(installation, replace(asked, provenance=plan.provenance), verdict.document)
    if not replayed.agrees:
        shown = "; ".join(replayed.differences[:MOST_DIFFERENCES])
        rule = "a verdict must be what its stored day results give when they are judged again"
        yield Fault(rule, f"{len(replayed.differences)} differences: {shown}", f"verdict {verdict.id}", _AGAIN)
