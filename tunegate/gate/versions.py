"""The versions of the rule: what could change a verdict on the same evidence. A record carries the version it was made with."""

from __future__ import annotations

from dataclasses import dataclass

_FEW_DAYS = 8
_EWC_DAYS = 17


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """The constants in which versions of the rule differ.

    `few_days_correlation` is the lag-1 correlation of days that the t interval of a short gate allows for. A zone with less
    than `smallest_zone_share` of production's revenue is judged together with other small ones. `one_zone`: the bounds of the
    worst zone are its own; under version 1 they were the lowest bounds of all zones.
    """

    name: str
    few_days_correlation: float
    smallest_zone_share: float
    one_zone: bool

    def correlation_bound(self, days: int) -> float:
        """The correlation allowed for with this many days: in full up to 8, falling to none at 17, where EWC-4 sees it."""
        return self.few_days_correlation * min(1.0, max(0.0, (_EWC_DAYS - days) / (_EWC_DAYS - _FEW_DAYS)))


RULES = {
    rule.name: rule
    for rule in (
        RuleVersion("1", few_days_correlation=0.0, smallest_zone_share=0.005, one_zone=False),
        # So no gate errs more than 1.5 times its level when days follow an AR(0.4), and a fortnight is hardly widened: chosen
        # with benchmarks/gate_few_days.py, measured on fresh draws by benchmarks/gate_calibration.py.
        RuleVersion("2", few_days_correlation=0.36, smallest_zone_share=0.025, one_zone=True),
    )
}
CURRENT_RULE = RULES["2"]
