"""How often the gate's rule errs: thousands of synthetic gates in regions whose truth is known.

    python benchmarks/gate_calibration.py --quick     # under a minute; prints the table
    python benchmarks/gate_calibration.py --write     # the full run; also rewrites the table in the package and in docs/gate.md
    python benchmarks/gate_calibration.py --real 100  # and 300 gates on the simulator: half an hour

Exit code 1 when a demanded rate is not met.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
from gate_real import real_gates, real_noise, real_rates
from statsmodels.stats.power import TTestIndPower

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.synthetic.gates import Noise, SyntheticRegion, draw_gates, judge_gates
from tunegate.domain.verdicts import Inconclusive, Interval, Promote, Reject, Verdict
from tunegate.gate.characteristics import FILE, Characteristic
from tunegate.gate.detectable import passing_effects
from tunegate.gate.intervals import keyed_generator, wider_half_width
from tunegate.gate.rule import Demands
from tunegate.gate.versions import CURRENT_RULE
from tunegate.gate.zones import critical_value

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "tunegate" / "gate" / FILE
DOCS = ROOT / "docs" / "gate.md"
BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"
DEMANDS = Demands(minimum_effect_pct=0.5, fallback_margin_pct=0.5, minimum_days=5)
LEVEL = 0.05
QUICK_GATES, FULL_GATES, BATCH = 4_000, 40_000, 2_000

AA = SyntheticRegion()
WORST_CASE = "AR(0.4) days, no seed noise"
AA_REGIONS = {
    "independent days": AA,
    "AR(0.4) days": replace(AA, day_correlation=0.4),
    WORST_CASE: replace(AA, day_correlation=0.4, sd_day_pct=0.78, sd_seed_pct=0.0),
    "unequal variances": replace(AA, noise=Noise.UNEQUAL),
    "heavy tails": replace(AA, noise=Noise.HEAVY),
}
WIDTH_KNOWN = ("independent days", "AR(0.4) days")
PLUS_1 = replace(AA, effect_ml_pct=1.0, effect_statistics_pct=1.0)
PLUS_1_4 = replace(AA, effect_ml_pct=1.4, effect_statistics_pct=2.2)
BAD_FALLBACK = replace(AA, effect_ml_pct=2.0, effect_statistics_pct=-0.5)

Judged = list[tuple[Verdict, Interval]]


@dataclass(frozen=True)
class Rate:
    """A share in percent, and how it is demanded to be."""

    name: str
    measured_pct: float
    gates: int
    at_least: float | None = None
    at_most: float | None = None

    @property
    def characteristic(self) -> Characteristic:
        """The published form."""
        bounds = [f"at least {self.at_least:g} %"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:g} %"] if self.at_most is not None else []
        low, high = self.at_least or 0.0, 100.0 if self.at_most is None else self.at_most
        met = (low <= self.measured_pct <= high) if bounds else None
        return Characteristic(self.name, round(self.measured_pct, 2), " and ".join(bounds), met, self.gates)


def gates_in(region: SyntheticRegion, gates: int, level: float = LEVEL) -> Judged:
    """Judge this many gates in a region, in batches that fit a small memory."""
    generator = keyed_generator("calibration", repr(region))
    judged: Judged = []
    while len(judged) < gates:
        judged += judge_gates(draw_gates(region, min(BATCH, gates - len(judged)), generator), region, DEMANDS, level)
    return judged


def share(judged: Judged, counts: Callable[[Verdict, Interval], bool]) -> float:
    """Percent of gates for which something holds."""
    return 100.0 * float(np.mean([counts(verdict, interval) for verdict, interval in judged]))


def promoted(judged: Judged) -> float:
    """Percent promoted."""
    return share(judged, lambda verdict, _: isinstance(verdict, Promote))


def inconclusive(judged: Judged) -> float:
    """Percent inconclusive."""
    return share(judged, lambda verdict, _: isinstance(verdict, Inconclusive))


def covered(judged: Judged, truth_pct: float) -> float:
    """Percent of ml intervals that hold the true effect."""
    return share(judged, lambda _, interval: interval.low_pct <= truth_pct <= interval.high_pct)


def relative_width(judged: Judged, region: SyntheticRegion) -> float:
    """The mean width of the ml intervals in percent of the normal interval around a mean whose variance is known."""
    lags = range(1, region.days)
    inflation = 1.0 + 2.0 * sum((1.0 - lag / region.days) * region.day_correlation**lag for lag in lags)
    variance = (region.sd_day_pct**2 * inflation + region.sd_seed_pct**2 / region.seeds) / region.days
    known = 2.0 * NormalDist().inv_cdf(1.0 - LEVEL) * sqrt(variance)
    return 100.0 * float(np.mean([interval.high_pct - interval.low_pct for _, interval in judged])) / known


def null_rates(gates: int) -> Iterator[Rate]:
    """Regions in which the candidate is exactly as good as production."""
    for name, region in AA_REGIONS.items():
        judged = gates_in(region, gates)
        yield Rate(f"A/A promoted, {name}", promoted(judged), gates, at_most=5.0)
        bound = share(judged, lambda _, interval: interval.low_pct > 0)
        yield Rate(f"A/A lower bound above 0, {name}", bound, gates)
        # The wider of two intervals, stretched for correlated days, covers more than it says where days are independent. That
        # is safe, so coverage has a lower limit only; what it costs is in the width, which has an upper limit.
        least = None if name == WORST_CASE else 88.0
        yield Rate(f"90 % interval covers, A/A, {name}", covered(judged, 0.0), gates, least)
        if name in WIDTH_KNOWN:
            width = relative_width(judged, region)
            yield Rate(
                f"width of the 90 % interval relative to one that knows the variance, {name}", width, gates, at_most=150.0
            )
        yield Rate(f"A/A inconclusive, {name}", inconclusive(judged), gates)


def few_days_rates(gates: int) -> Iterator[Rate]:
    """Short gates on days that resemble the day before, the worst case for an interval: at most 1.5 times the level may err."""
    for level in (0.05, 0.025):
        for days in (5, 7, 10, 14):
            region = replace(AA_REGIONS[WORST_CASE], days=days)
            bound = share(gates_in(region, gates, level), lambda _, interval: interval.low_pct > 0)
            name = f"A/A lower bound above 0 at a level of {100 * level:g} %, {WORST_CASE}, {days} days"
            yield Rate(name, bound, gates, at_most=150 * level)


def power_rates(gates: int) -> Iterator[Rate]:
    """Regions in which it is better."""
    for name, region, least in (("+1 % / +1 %", PLUS_1, 90.0), ("+1.4 % / +2.2 %", PLUS_1_4, 99.0)):
        judged = gates_in(region, gates)
        yield Rate(f"promoted at {name}", promoted(judged), gates, at_least=least)
        yield Rate(f"90 % interval covers at {name}", covered(judged, region.effect_ml_pct), gates, at_least=88.0)
        yield Rate(f"inconclusive at {name}", inconclusive(judged), gates)
    for name, region in AA_REGIONS.items():
        if name != "independent days":
            better = replace(region, effect_ml_pct=1.0, effect_statistics_pct=1.0)
            yield Rate(f"promoted at +1 % / +1 %, {name}", promoted(gates_in(better, gates)), gates)
    for days in (5, 7, 10, 28):
        yield Rate(f"promoted at +1 % / +1 %, {days} days", promoted(gates_in(replace(PLUS_1, days=days), gates)), gates)


def margin_rates(gates: int) -> Iterator[Rate]:
    """Regions in which one part of the rule is exactly at its margin, and must stop the candidate."""
    for name, region in AA_REGIONS.items():
        at_margin = replace(region, effect_ml_pct=2.0, effect_statistics_pct=-0.5)
        most = None if name == WORST_CASE else 5.0
        yield Rate(f"promoted with the fallback at -0.5 %, {name}", promoted(gates_in(at_margin, gates)), gates, at_most=most)
    harmed = replace(PLUS_1_4, guardrails=7, guardrail_margin_errors=6.0, harmed_guardrails=1)
    yield Rate("promoted with a guardrail at its margin", promoted(gates_in(harmed, gates)), gates, at_most=5.0)
    for errors in (4.0, 5.0, 6.0):
        guarded = replace(PLUS_1_4, guardrails=7, guardrail_margin_errors=errors)
        name = f"promoted at +1.4 % / +2.2 %, seven unchanged guardrails with margins of {errors:g} standard errors"
        yield Rate(name, promoted(gates_in(guarded, gates)), gates)
    worse = replace(AA, effect_ml_pct=-1.0, effect_statistics_pct=-1.0)
    rejected = share(gates_in(worse, gates), lambda verdict, _: isinstance(verdict, Reject))
    yield Rate("rejected at -1 % / -1 %", rejected, gates, at_least=90.0)


def family_rates(gates: int) -> Iterator[Rate]:
    """Many looks at once: zones, and many candidates on one test period."""
    count, zones = (2_000, 100) if gates >= FULL_GATES else (400, 30)
    for name, correlation in (("independent days", 0.0), ("AR(0.4) days", 0.4)):
        generator = keyed_generator("calibration zones", name)
        any_wrong = one_wrong = 0
        for _ in range(count):
            days = generator.standard_normal((14, zones))
            for day in range(1, 14):
                days[day] = correlation * days[day - 1] + np.sqrt(1 - correlation**2) * days[day]
            t_values = days.mean(axis=0) / (days.std(axis=0, ddof=1) / np.sqrt(14))
            above = t_values > critical_value(days, LEVEL)
            any_wrong += bool(above.any())
            one_wrong += bool(above[0])
        most = None if correlation else 7.0  # a false alarm only keeps today's settings; a false pass would hurt
        yield Rate(f"any of {zones} zones wrongly called harmed, {name}", 100.0 * any_wrong / count, count, at_most=most)
        yield Rate(f"a given zone at its margin passed, {name}", 100.0 * one_wrong / count, count, at_most=5.0)
    periods = max(500, gates // 12)
    levels: tuple[tuple[str, float, float | None], ...] = (
        ("full level each", LEVEL, None),
        ("a twelfth of the level each", LEVEL / 12, 5.0),
    )
    for name, level, limit in levels:
        null = keyed_generator("calibration ledger").standard_normal((periods, 12, 14))
        passed = (null.mean(axis=-1) > wider_half_width(null, level, CURRENT_RULE)).any(axis=-1)
        yield Rate(f"12 null candidates on one period pass one, {name}", 100.0 * float(passed.mean()), periods, at_most=limit)


def simulated_days() -> list[tuple[str, int, int]]:
    """Days to simulate for 80 % power under one forecast: two plain averages of different days, and this gate's ml part."""
    rows = []
    for effect_pct in (1.0, 1.4):
        per_arm = TTestIndPower().solve_power(effect_pct / AA.revenue_cv_pct, power=0.8, alpha=LEVEL, alternative="larger")
        paired = min(2 * days * seeds for days in range(5, 29) for seeds in range(1, 9) if _sees(effect_pct, days, seeds))
        rows.append((f"+{effect_pct:g} %", 2 * int(np.ceil(per_arm)), paired))
    return rows


def _sees(effect_pct: float, days: int, seeds: int) -> bool:
    sd = float(np.sqrt(AA.sd_day_pct**2 + AA.sd_seed_pct**2 / seeds))
    return float(np.quantile(passing_effects(sd, days, LEVEL, 0.0), 0.8)) <= effect_pct


def table(rates: list[Characteristic], compared: list[tuple[str, int, int]]) -> str:
    """The published table in Markdown."""
    lines = ["| what | measured | demanded | gates |", "| --- | ---: | --- | ---: |"]
    for rate in rates:
        verdict = "" if rate.met is None else (" (met)" if rate.met else " (NOT MET)")
        lines.append(f"| {rate.name} | {rate.measured_pct:.2f} % | {rate.demanded}{verdict} | {rate.gates:,} |")
    lines += ["", "| simulated days for 80 % power | two averages of different days | this gate, one forecast | ratio |"]
    lines += ["| --- | ---: | ---: | ---: |"]
    lines += [f"| {effect} | {plain:,} | {paired} | {plain / paired:.0f} |" for effect, plain, paired in compared]
    return "\n".join(lines)


def kept_real() -> list[Characteristic]:
    """What an earlier run measured on the simulator. Its names say under which version of the rule."""
    if not SHIPPED.exists():
        return []
    document = json.loads(SHIPPED.read_text(encoding="utf-8"))
    rows = [Characteristic(**row) for row in document["characteristics"]]
    return [row for row in rows if row.name.startswith("hailsim")]


def on_the_simulator(groups: int) -> list[Characteristic]:
    """Real gates; prints the noise they found too."""
    gates = real_gates(groups)
    print(real_noise(gates) + "\n")
    return [Rate(*rate).characteristic for rate in real_rates(gates)]


def write(rates: list[Characteristic], text: str) -> None:
    """The shipped figures and the docs' table."""
    document = {"rule_version": CURRENT_RULE.name, "characteristics": [asdict(rate) for rate in rates]}
    SHIPPED.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    docs = DOCS.read_text(encoding="utf-8")
    before, rest = docs.split(BEGIN)
    DOCS.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_GATES:,} gates per region instead of {FULL_GATES:,}")
    parser.add_argument("--real", type=int, default=0, metavar="GROUPS", help="three gates on hailsim for each group of seeds")
    parser.add_argument("--write", action="store_true", help="rewrite the shipped figures and the table in docs/gate.md")
    options = parser.parse_args(arguments)
    gates = QUICK_GATES if options.quick else FULL_GATES
    begun_s = time.perf_counter()
    sources = (null_rates, few_days_rates, power_rates, margin_rates, family_rates)
    rates = [rate.characteristic for source in sources for rate in source(gates)]
    rates += on_the_simulator(options.real) if options.real else kept_real()
    text = table(rates, simulated_days())
    print(text)
    judged = sum(rate.gates for rate in rates)
    print(
        f"\n{time.perf_counter() - begun_s:.0f} s, rule version {CURRENT_RULE.name}, {judged:,} gates counted", file=sys.stderr
    )
    if options.write:
        write(rates, text)
    return 1 if any(rate.met is False for rate in rates) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
