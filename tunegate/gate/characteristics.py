"""How often this very rule errs, as measured by benchmarks/gate_calibration.py and published beside every verdict."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

from tunegate.gate.versions import CURRENT_RULE, RuleVersion

FILE = "operating_characteristics.json"


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One measured rate, in percent of `gates` gates, and what is demanded of it (such as `at most 5 %`).

    `met` is None where nothing is demanded and the figure is there to be known.
    """

    name: str
    measured_pct: float
    demanded: str
    met: bool | None
    gates: int


def published(rule: RuleVersion = CURRENT_RULE) -> tuple[Characteristic, ...]:
    """The measured characteristics of the rule. Raises ValueError when they were measured on another version of it."""
    document = json.loads(files("tunegate.gate").joinpath(FILE).read_text(encoding="utf-8"))
    if document["rule_version"] != rule.name:
        raise ValueError(
            f"{FILE} was measured on rule version {document['rule_version']}, but the rule is at {rule.name}. "
            "Run benchmarks/gate_calibration.py --write."
        )
    return tuple(Characteristic(**row) for row in document["characteristics"])
