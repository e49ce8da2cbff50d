"""What `search.py` says of questions that several ways to search answer together, over all cities.

    python benchmarks/search_contrasts.py search.jsonl [MORE.jsonl ...]

Each question sets ways beside others that differ in one thing. A repeat of a city is one observation: the difference of true
gaps, averaged over the ways; printed are its mean over repeats and cities, twice its standard error, and the mean of each city.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from search import Choice, gaps_pct
from search_cases import CASES, open_case

CONFIRMED = "confirmed"
SHORT = (("1 d", 60), ("1 d", 100), ("2 d", 30), ("2 d", 50))
WORKERS = (", 5 workers", ", 20 workers")

Way = tuple[str, int, str]
Question = tuple[str, list[tuple[Way, Way]]]


def questions() -> Iterator[Question]:
    """Each with pairs of ways: the first less the second."""
    for sampler in ("cmaes", "random"):
        pairs = [((f"{sampler}, {days}", trials, CONFIRMED), (f"tpe, {days}", trials, CONFIRMED)) for days, trials in SHORT]
        yield f"{sampler} instead of tpe, trials of 1 and 2 days", pairs
    for workers in WORKERS:
        yield f"cmaes instead of tpe{workers}", _of_a_day(f"cmaes, 1 d{workers}", f"tpe, 1 d{workers}")
    for workers in WORKERS:
        yield f"tpe{workers} instead of one", _of_a_day(f"tpe, 1 d{workers}", "tpe, 1 d")
    for pruner in ("median", "wilcoxon"):
        yield (
            f"trials of 7 days, {pruner} pruner, instead of 120 of 2 days",
            [((f"tpe, 7 d, {pruner} pruner", 28, CONFIRMED), ("tpe, 2 d", 120, CONFIRMED))],
        )
    yield "14 trials of 7 days instead of 60 of one", [(("tpe, 7 d", 14, CONFIRMED), ("tpe, 1 d", 60, CONFIRMED))]
    yield "100 trials of 7 days instead of 60 of one", [(("tpe, 7 d", 100, CONFIRMED), ("tpe, 1 d", 60, CONFIRMED))]
    yield "50 trials of 2 days instead of 100 of one", [(("tpe, 2 d", 50, CONFIRMED), ("tpe, 1 d", 100, CONFIRMED))]


def _of_a_day(one: str, other: str) -> list[tuple[Way, Way]]:
    return [((one, trials, CONFIRMED), (other, trials, CONFIRMED)) for trials in (60, 100)]


def measured(paths: list[Path]) -> dict[Way, dict[tuple[str, int], float]]:
    """True gap in percent of every way by city and repeat."""
    choices = [Choice(**json.loads(line)) for path in paths for line in path.read_text().splitlines()]
    found: dict[Way, dict[tuple[str, int], float]] = defaultdict(dict)
    for city in CASES:
        here = [choice for choice in choices if choice.city == city]
        if not here:
            continue
        for choice, gap in zip(here, gaps_pct(here, open_case(city).fresh_seeds)[0], strict=True):
            found[choice.arm, choice.trials, choice.rule][city, choice.repeat] = gap
    return found


def main(paths: list[Path]) -> None:
    """Print the table."""
    gaps = measured(paths)
    print("| question | difference of true gaps, points | each city |")
    print("| --- | ---: | ---: |")
    for question, pairs in questions():
        repeats = sorted(set.intersection(*(set(gaps[way]) for pair in pairs for way in pair)))
        if not repeats:
            continue
        differences = np.mean([[gaps[one][at] - gaps[other][at] for at in repeats] for one, other in pairs], axis=0)
        error = 2 * differences.std(ddof=1) / len(repeats) ** 0.5
        cities = [differences[[city == at[0] for at in repeats]].mean() for city in sorted({city for city, _ in repeats})]
        print(f"| {question} | {differences.mean():+.3f} ± {error:.3f} | {', '.join(f'{city:+.3f}' for city in cities)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="what search.py wrote with --out")
    main(parser.parse_args().files)
