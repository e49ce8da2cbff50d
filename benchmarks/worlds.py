"""Do verdicts over worlds hold in worlds that no campaign has met? Every line of docs/worlds.md, one world beside several.

    python benchmarks/worlds.py [--cities manhattan ...] [--campaigns 10] --searches search_worlds.jsonl --home worlds

A campaign is a search of `search_worlds.py` (run now where --searches does not hold it), the candidate it confirmed, and the
gate of the shipped region file on its test days, through hailsim's own process. Each is judged twice: as a campaign over worlds
and, searched and confirmed in one world, as a campaign of one. Its verdicts are held against what both candidates truly earn in
fresh worlds, ten to a campaign, on days and seeds that nothing else saw. What --home holds is not run again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from search_cases import Case, open_case
from search_worlds import MIXES, Row, collect
from world_cases import effects_pct, fresh_worlds
from world_gates import GateResult, Gates, simulated_days, statistics_seconds

CITIES = ("manhattan", "san_francisco")
SINGLE, SEVERAL = "one world", "2 worlds, half follow, most follow"
CONFIRMED_BY = {SINGLE: "mean", SEVERAL: "survivor"}
HIDDEN_WORLDS, HIDDEN_CELLS, HIDDEN_SEED = 10, 3, 4711
# Three days tell a world that loses from one without effect badly: what looked like a loss is measured on twelve further days.
CELLS_OF_A_LOSS = 12
LOSS_PCT, GAIN_PCT = -0.5, 0.5


@dataclass(frozen=True, slots=True)
class Hidden:
    """What the candidate of one campaign truly earns in each of the worlds hidden from it, percent.

    `lost_pct` are those below 0, measured again on days of their own.
    """

    city: str
    kind: str
    repeat: int
    hidden_pct: list[float]
    lost_pct: list[float]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign: the verdict on its candidate and what that truly earns, all None or empty where none was confirmed.

    `as_tuned_pct` and `half_follow_pct` are true effects at 0.2 × 0.8 and 0.5 × 1.0.
    """

    city: str
    kind: str
    gate: GateResult | None
    as_tuned_pct: float | None
    half_follow_pct: float | None
    hidden: Hidden | None

    @property
    def promoted(self) -> bool:
        """Whether the candidate would have been offered for release."""
        return self.gate is not None and self.gate.verdict == "promote"

    @property
    def decided(self) -> bool:
        """Whether the gate said yes or no."""
        return self.gate is not None and self.gate.verdict in {"promote", "reject"}


def hidden_effects(case: Case, repeat: int, parameters: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """The true effect in each of the worlds hidden from one campaign, the same for both kinds, and once more of what lost."""
    worlds = fresh_worlds(case.name, HIDDEN_SEED + repeat, HIDDEN_WORLDS)
    first = HIDDEN_WORLDS * HIDDEN_CELLS
    cells = case.hidden_cells(repeat, first + CELLS_OF_A_LOSS)
    plan = list(zip(islice(cycle(worlds), first), cells[:first], strict=True))
    effects = effects_pct(case, parameters, plan).reshape(HIDDEN_CELLS, HIDDEN_WORLDS).mean(axis=0)
    again = [[(world, cell) for cell in cells[first:]] for world, effect in zip(worlds, effects, strict=True) if effect < 0]
    return effects.tolist(), [float(effects_pct(case, parameters, plan).mean()) for plan in again]


def measure_hidden(rows: Sequence[Row], out: Path) -> list[Hidden]:
    """The hidden effects of every candidate; what `out` does not hold yet is simulated now."""
    found = [Hidden(**json.loads(line)) for line in out.read_text().splitlines()] if out.exists() else []
    done = {(one.city, one.kind, one.repeat) for one in found}
    with out.open("a") as file:
        for row in rows:
            parameters = row.chosen[CONFIRMED_BY[row.mix]]
            if parameters is None or (row.city, row.mix, row.repeat) in done:
                continue
            found.append(Hidden(row.city, row.mix, row.repeat, *hidden_effects(open_case(row.city), row.repeat, parameters)))
            file.write(json.dumps(asdict(found[-1])) + "\n")
            file.flush()
            print(f"{row.city}, {row.mix}, campaign {row.repeat}: hidden worlds", file=sys.stderr, flush=True)
    return found


def campaigns(rows: Sequence[Row], hidden: Sequence[Hidden], gates: Gates) -> Iterator[Campaign]:
    """Judge what each search confirmed; day results that the workspace does not hold are simulated now."""
    effects = {(one.city, one.kind, one.repeat): one for one in hidden}
    for row in rows:
        rule = CONFIRMED_BY[row.mix]
        parameters, truth = row.chosen[rule], row.truths[rule]
        if parameters is None or truth is None:
            yield Campaign(row.city, row.mix, None, None, None, None)
            continue
        result = gates.judge(row.city, row.repeat, parameters, over_worlds=row.mix == SEVERAL)
        print(f"{row.city}, {row.mix}, campaign {row.repeat}: {result.verdict}, {result.reason}", file=sys.stderr, flush=True)
        as_tuned, half_follow = (float(np.mean(truth[name])) for name in ("as_tuned", "half_follow"))
        yield Campaign(row.city, row.mix, result, as_tuned, half_follow, effects[row.city, row.mix, row.repeat])


Figure = Callable[[Sequence[Campaign]], str]
Interval = tuple[float, float] | None


def _tally(found: Sequence[Campaign]) -> str:
    confirmed, promoted = sum(one.gate is not None for one in found), sum(one.promoted for one in found)
    return f"{confirmed}, {promoted} of {len(found)}"


def _decided(found: Sequence[Campaign]) -> str:
    return f"{sum(one.decided for one in found)} of {len(found)}"


def _figures(value: Callable[[Campaign], float | None], *, of_promoted: bool = True) -> Figure:
    def said(found: Sequence[Campaign]) -> str:
        values = [effect for one in found if (one.promoted or not of_promoted) and (effect := value(one)) is not None]
        return f"{np.mean(values):+.2f} %, lowest {min(values):+.2f} %" if values else "none"

    return said


def _losing(found: Sequence[Campaign]) -> str:
    hidden = [one.hidden for one in found if one.hidden is not None]
    worlds, lost = (
        sum(len(one.hidden_pct) for one in hidden),
        [effect for one in hidden for effect in one.lost_pct if effect < 0],
    )
    return f"{100 * len(lost) / worlds:.0f} % of {worlds}, by up to {-min(lost, default=0):.2f} %" if worlds else "none"


def _losing_on_average(found: Sequence[Campaign]) -> str:
    means = [np.mean(one.hidden.hidden_pct) for one in found if one.promoted and one.hidden is not None]
    return f"{sum(mean < 0 for mean in means)} of {len(means)}" if means else "none"


def _covered(interval: Callable[[GateResult], Interval]) -> Figure:
    def said(found: Sequence[Campaign]) -> str:
        judged = [
            (interval(one.gate), one.hidden.hidden_pct) for one in found if one.gate is not None and one.hidden is not None
        ]
        inside = [ends[0] <= effect <= ends[1] for ends, effects in judged if ends is not None for effect in effects]
        return f"{100 * np.mean(inside):.0f} % of {len(inside)}" if inside else "none"

    return said


def _half_width(found: Sequence[Campaign]) -> str:
    ends = [one.gate.interval_90_pct for one in found if one.gate is not None and one.gate.interval_90_pct is not None]
    return f"{statistics.median((high - low) / 2 for low, high in ends):.2f} points" if ends else "none"


LINES: tuple[tuple[str, str, Figure], ...] = (
    ("campaigns with a candidate, promoted", "", _tally),
    ("the gate decides: promote or reject", "", _decided),
    ("true effect of the promoted at 0.2 × 0.8", f"≥ {GAIN_PCT:+g} %", _figures(lambda one: one.as_tuned_pct)),
    ("true effect of the promoted at 0.5 × 1.0", f"none < {LOSS_PCT:+g} %", _figures(lambda one: one.half_follow_pct)),
    ("the same of all candidates", "", _figures(lambda one: one.half_follow_pct, of_promoted=False)),
    (
        "hidden worlds in which a promoted candidate loses",
        "≤ 5 %",
        lambda found: _losing([one for one in found if one.promoted]),
    ),
    ("hidden worlds in which any candidate loses", "", _losing),
    ("promoted candidates that lose over their hidden worlds", "≤ 5 %", _losing_on_average),
    ("90 % interval covers the effect in a hidden world", "88 to 97 %", _covered(lambda gate: gate.interval_90_pct)),
    ("so does the interval at the ledger's level", "", _covered(lambda gate: gate.interval_pct)),
    ("half-width of the 90 % interval, median", "", _half_width),
)


def table(found: Sequence[Campaign], cities: Sequence[str]) -> str:
    """Every line, city by city, one world beside several."""
    rows = ["| city | what | demanded | over worlds | one world |", "| --- | --- | --- | --- | --- |"]
    for city in cities:
        kinds = [[one for one in found if (one.city, one.kind) == (city, kind)] for kind in (SEVERAL, SINGLE)]
        rows += [f"| {city} | {what} | {demanded} | {say(kinds[0])} | {say(kinds[1])} |" for what, demanded, say in LINES]
    return "\n".join(rows)


def main() -> None:
    """Run the campaigns, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", nargs="*", choices=CITIES, default=list(CITIES))
    parser.add_argument("--campaigns", type=int, default=10, metavar="N", help="campaigns a city (default 10)")
    parser.add_argument("--searches", type=Path, default=Path("search_worlds.jsonl"), help="searches of search_worlds.py")
    parser.add_argument("--home", type=Path, default=Path("worlds"), help="folder that keeps day results for the next call")
    options = parser.parse_args()
    began = time.monotonic()
    mixes = [mix for mix in MIXES if mix.name in CONFIRMED_BY]
    found = collect(options.cities, mixes, options.campaigns, options.searches)
    rows = sorted((row for row in found if row.mix in CONFIRMED_BY), key=lambda row: (row.repeat, row.city, row.mix))
    gates = Gates(options.home)
    print(table(list(campaigns(rows, measure_hidden(rows, options.home / "hidden.jsonl"), gates)), options.cities))
    for city in options.cities:
        one, several = (simulated_days(gates.plan(city, 0, over_worlds=worlds)) for worlds in (False, True))
        print(f"{city}: {several} simulated days with worlds, {one} with one: {several / one:.2f} times (at most 1.5)")
    print(f"statistics of one verdict, 14 days × 8 worlds × 4 arms, 100 zones: {statistics_seconds():.2f} s (at most 0.3 s)")
    print(f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
