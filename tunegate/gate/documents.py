"""Evidence, policy and judgement as plain JSON: what an earlier version of the rule did not know is not written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tunegate.domain.days import SimulationAnswer
from tunegate.domain.parameters import Parameters
from tunegate.domain.plain_json import Document, plain
from tunegate.gate.evidence import GateEvidence
from tunegate.gate.judgement import Judgement
from tunegate.gate.policy import GatePolicy

NEW_IN_VERSION_2 = ("losing_zones", "worlds", "realised", "stress_worlds")


def answer_to_document(answer: SimulationAnswer) -> Document:
    """An answer without its computing time, which is no evidence: two equal runs never take equally long."""
    days = tuple(replace(row, metrics=_floats(row.metrics)) for row in answer.days)
    document: Document = plain(replace(answer, days=days, applied_parameters=_floats(answer.applied_parameters)))
    del document["compute_s"]
    return document


def claims_to_document(evidence: GateEvidence) -> Document:
    """The evidence without the simulators' answers. Worlds are written only where there are any: version 1 knew none."""
    production, candidate = Parameters(_floats(evidence.production)), Parameters(_floats(evidence.candidate))
    document: Document = plain(replace(evidence, production=production, candidate=candidate))
    if document["configuration"] is None:
        del document["configuration"]  # Records of 0.1.0 have no such key, and their digests must stay as they are.
    return {name: value for name, value in document.items() if value or name not in ("worlds", "stress_worlds")}


def policy_to_document(policy: GatePolicy) -> Document:
    """The policy. Stress worlds are written only where there are any: version 1 knew none."""
    document: Document = plain(policy)
    return {name: value for name, value in document.items() if value or name != "stress_worlds"}


def judgement_to_document(judgement: Judgement, rule_version: str) -> Document:
    """The judgement, with the fields that this version of the rule knows."""
    document: Document = plain(judgement)
    return {name: value for name, value in document.items() if rule_version != "1" or name not in NEW_IN_VERSION_2}


def _floats(values: Mapping[str, float]) -> dict[str, float]:
    """Always floats, so that a store that gives 5.0 back for 5 changes no digest."""
    return {name: float(value) for name, value in values.items()}
