"""The operating days covered by a source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.model.city import SECONDS_PER_DAY
from hailsim.readers.clock import EPOCH, date_of, operating_day

Ints = NDArray[np.int64]
# Tolerance at the start and end of the records: few trips start at the demand minimum.
EDGE_S = 3600
# A day with less than this share of the median day's trips was not fully recorded.
THIN_DAY_SHARE = 0.2
_BARE_DAYS_LISTED = 31


@dataclass(frozen=True, slots=True)
class Coverage:
    """The longest run of fully recorded days; first, last: days since 1970-01-01.

    left_out: trips of other days by date. strays: trips by year of dates that are not near any fully recorded day.
    """

    first: int
    last: int
    left_out: dict[date, int]
    strays: dict[int, int]

    @property
    def days(self) -> int:
        """Number of days covered."""
        return self.last - self.first + 1


def quietest_hour(wall_s: Ints) -> int:
    """The local hour with the fewest trips; ties go to the earliest."""
    return int(np.bincount(wall_s // 3600 % 24, minlength=24).argmin())


def covered_days(wall_s: Ints, day_start_hour: int, first: date | None, last: date | None) -> Coverage:
    """Whole operating days between the first and the last record, the longest run without thin days, within [first, last].

    `wall_s`: wall-clock seconds of all pickups. BadInput when no day is whole.
    """
    if len(wall_s) == 0:
        raise refuse(
            "a source must have trips with readable times and coordinates",
            0,
            "the trips",
            "Use a file with trips of this city.",
        )
    day, _ = operating_day(wall_s, day_start_hour)
    numbers, counts = np.unique(day, return_counts=True)
    threshold = _thin_day_threshold(counts)
    near = _near(numbers, numbers[counts >= threshold])
    recorded_s = wall_s[np.isin(day, numbers[near])]
    start_s = day_start_hour * 3600
    earliest = -((start_s + EDGE_S - int(recorded_s.min())) // SECONDS_PER_DAY)
    latest = (int(recorded_s.max()) + EDGE_S - start_s) // SECONDS_PER_DAY - 1
    if first is not None:
        earliest = max(earliest, (first - EPOCH).days)
    if last is not None:
        latest = min(latest, (last - EPOCH).days)
    if latest < earliest:
        first_record, last_record = (date_of(int(end) // SECONDS_PER_DAY) for end in (recorded_s.min(), recorded_s.max()))
        raise refuse(
            f"a source must cover at least one whole day from {day_start_hour:02d}:00 to {day_start_hour:02d}:00",
            f"records from {first_record} to {last_record}",
            "the trips",
            "Provide more records, or another --day-start-hour (0 for calendar days), --first-day or --last-day.",
        )
    by_day = np.zeros(latest - earliest + 1, dtype=np.int64)
    inside = (numbers >= earliest) & (numbers <= latest)
    by_day[numbers[inside] - earliest] = counts[inside]
    begin, end = _longest_run(by_day >= threshold)
    kept = range(earliest + begin, earliest + end)
    left_out = {date_of(d): int(n) for d, n in zip(numbers[near], counts[near], strict=True) if d not in kept}
    bare = [d for d in range(earliest, latest + 1) if not by_day[d - earliest]]
    left_out |= {date_of(d): 0 for d in bare[:_BARE_DAYS_LISTED]}
    stray_s = wall_s[np.isin(day, numbers[~near])]
    strays = Counter(date_of(int(second) // SECONDS_PER_DAY).year for second in stray_s)
    return Coverage(kept.start, kept.stop - 1, dict(sorted(left_out.items())), dict(sorted(strays.items())))


def _thin_day_threshold(counts: Ints) -> float:
    """Trips that a day needs to count as fully recorded: a share of the size of the day of the median trip.

    Stray dates and days without records do not affect it, because they hold few trips or none.
    """
    by_size = np.sort(counts)
    typical = by_size[np.searchsorted(np.cumsum(by_size), counts.sum() / 2.0)]
    return max(1.0, THIN_DAY_SHARE * float(typical))


def _near(numbers: Ints, full: Ints) -> NDArray[np.bool_]:
    """Which days are fully recorded or next to such a day; the others are strays."""
    near: NDArray[np.bool_] = np.isin(numbers, np.concatenate([full - 1, full, full + 1]))
    return near


def refuse_empty_days(day: Ints, coverage: Coverage) -> None:
    """BadInput if a covered day keeps no trip. `day`: covered days (0 is the first) of the kept trips."""
    bare = np.flatnonzero(np.bincount(day, minlength=coverage.days) == 0)
    if len(bare):
        raise refuse(
            "every covered day must keep a trip that lies on the network and satisfies the rules",
            f"{len(bare)} of {coverage.days} days without, the first {date_of(coverage.first + int(bare[0]))}",
            "the trips",
            "Exclude such days with --first-day and --last-day, or provide more trips.",
        )


def _longest_run(good: NDArray[np.bool_]) -> tuple[int, int]:
    """Begin and end of the longest run of True; ties go to the earliest."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        raise refuse("some day must have trips", "none", "the trips", "Provide more records.")
    best = int((ends - begins).argmax())
    return int(begins[best]), int(ends[best])
