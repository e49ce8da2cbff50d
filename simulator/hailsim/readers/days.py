"""The operating days covered by a source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.model.city import SECONDS_PER_DAY
from hailsim.readers.clock import date_of, operating_day

Ints = NDArray[np.int64]
# Tolerance at the start and end of the records: few trips start at the demand minimum.
EDGE_S = 3600
# A day with less than this share of the median day's trips was not fully recorded.
THIN_DAY_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Coverage:
    """The longest run of fully recorded days; first, last: days since 1970-01-01; left_out: trips of other days by date."""

    first: int
    last: int
    left_out: dict[date, int]

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
    start_s = day_start_hour * 3600
    earliest = -((start_s + EDGE_S - int(wall_s.min())) // SECONDS_PER_DAY)
    latest = (int(wall_s.max()) + EDGE_S - start_s) // SECONDS_PER_DAY - 1
    if first is not None:
        earliest = max(earliest, (first - date(1970, 1, 1)).days)
    if last is not None:
        latest = min(latest, (last - date(1970, 1, 1)).days)
    if latest < earliest:
        raise refuse(
            f"a source must cover at least one whole day from {day_start_hour:02d}:00 to {day_start_hour:02d}:00",
            f"records from {date_of(int(wall_s.min()) // SECONDS_PER_DAY)} to {date_of(int(wall_s.max()) // SECONDS_PER_DAY)}",
            "the trips",
            "Provide more records, or another --day-start-hour (0 for calendar days), --first-day or --last-day.",
        )
    day, _ = operating_day(wall_s, day_start_hour)
    counts = np.bincount(day[(day >= earliest) & (day <= latest)] - earliest, minlength=latest - earliest + 1)
    begin, end = _longest_run(counts >= max(1.0, THIN_DAY_SHARE * float(np.median(counts))))
    kept = range(earliest + begin, earliest + end)
    all_days, all_counts = np.unique(day, return_counts=True)
    left_out = {date_of(d): int(n) for d, n in zip(all_days, all_counts, strict=True) if d not in kept}
    left_out |= {date_of(d): 0 for d in range(earliest, latest + 1) if d not in kept and date_of(d) not in left_out}
    return Coverage(earliest + begin, earliest + end - 1, dict(sorted(left_out.items())))


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
