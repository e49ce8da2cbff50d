"""The plan and the schedule of a switchback: which arm the whole region runs in which window.

The schedule is drawn once, from a seed that is recorded, and never again. Every day has as many candidate windows as
production windows (or one more of either); so has every hour of day over each pair of days, and every hour of a weekday over
each pair of weeks. What day and time of day do to revenue therefore cancels.

Glossary: `slot` a local time of day at which a window begins; `block` fourteen days, of which four rows are free:

    day   0  1  2  3  4  5  6  7  8  9 10 11 12 13
    row   a -a  b -b  c -c  d -a  a -b  b -c  c -d      -a is the opposite of a in every slot
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tunegate.domain.days import Arm
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.seeds import keyed_integer

DAY_MIN = 24 * 60
BLOCK_DAYS = 14
_ROW_OF_DAY = np.array([0, 0, 1, 1, 2, 2, 3, 0, 0, 1, 1, 2, 2, 3])
_OPPOSITE = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], dtype=bool)
_ROWS = 4
_MOST_DAYS = 366
_MINUTE = timedelta(minutes=1)

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SwitchbackPlan:
    """What a person approves together with the verdict.

    The figures of a window are counted from `washout_min` after its start to its end. `harm_limit_pct` is below 0: an effect
    shown to be below it is rolled back. `level` is the chance that the interval misses the effect at any of the looks, both
    sides together. `looks` are the numbers of completed days after which the experiment is judged; the last is `days`.
    """

    days: int
    window_min: int
    washout_min: int
    harm_limit_pct: float
    level: float
    looks: tuple[int, ...]

    def faults(self, place: str = "rollout_plan") -> tuple[Fault, ...]:
        """Every rule that the plan breaks."""
        return tuple(
            Fault(rule, value, f"{place}.{name}", remedy) for name, holds, rule, value, remedy in _rules(self) if not holds
        )


@dataclass(frozen=True, slots=True)
class Window:
    """One window in UTC, half-open: `start_utc` belongs to it, `end_utc` to the next."""

    start_utc: datetime
    end_utc: datetime
    arm: Arm

    @property
    def minutes(self) -> float:
        """Length in minutes; not the plan's on a day on which the clocks change."""
        return (self.end_utc - self.start_utc) / _MINUTE


@dataclass(frozen=True, slots=True)
class Schedule:
    """A drawn switchback: windows follow each other without a gap from local midnight of `start` on."""

    plan: SwitchbackPlan
    start: date
    time_zone: str
    seed: int
    windows: tuple[Window, ...]

    @property
    def start_utc(self) -> datetime:
        """The start of the first window."""
        return self.windows[0].start_utc

    @property
    def end_utc(self) -> datetime:
        """The end of the last window; from here on production's parameters run again unless the candidate was concluded."""
        return self.windows[-1].end_utc

    def window_at(self, instant: datetime) -> Window | None:
        """The window that contains an instant (with a zone), or None outside the experiment."""
        return next((window for window in self.windows if window.start_utc <= instant < window.end_utc), None)

    def measured_from(self, window: Window) -> datetime:
        """The instant from which the figures of a window count."""
        return window.start_utc + timedelta(minutes=self.plan.washout_min)

    def local_slot(self, window: Window) -> tuple[int, int]:
        """The day of the experiment, from 0, and the local minute of the day at which a window begins."""
        local = window.start_utc.astimezone(ZoneInfo(self.time_zone))
        return (local.date() - self.start).days, local.hour * 60 + local.minute

    def completed_days(self, now: datetime) -> int:
        """How many days of the experiment are over."""
        zone = ZoneInfo(self.time_zone)
        return sum(_midnight(self.start + timedelta(days=day + 1), zone) <= now for day in range(self.plan.days))

    def day_end(self, days: int) -> datetime:
        """The instant at which so many days of the experiment are over."""
        return _midnight(self.start + timedelta(days=days), ZoneInfo(self.time_zone))


def draw_schedule(plan: SwitchbackPlan, *, start: date, time_zone: str, seed: int) -> Schedule:
    """Draw the arms of all windows; one seed gives one schedule, on every machine and for ever.

    Raises BadInput: the plan breaks a rule.
    """
    faults = plan.faults()
    if faults:
        raise BadInput(*faults)
    slots = DAY_MIN // plan.window_min
    blocks = -(-plan.days // BLOCK_DAYS)
    priority = np.array(
        [
            [[keyed_integer(seed, "switchback", block, row, slot) for slot in range(slots + 1)] for row in range(_ROWS)]
            for block in range(blocks)
        ],
        dtype=np.float64,
    )
    candidate = candidate_slots(priority, plan.days)
    zone = ZoneInfo(time_zone)
    windows = tuple(
        Window(begin, end, Arm.CANDIDATE if candidate[day, slot] else Arm.PRODUCTION)
        for day, slot, begin, end in _local_windows(plan, start, zone)
    )
    return Schedule(plan, start, time_zone, seed, windows)


def candidate_slots(priority: NDArray[np.float64], days: int) -> BoolArray:
    """Which slots (…, days, slots) run the candidate, from random numbers (…, blocks, 4, slots + 1).

    In each free row the half of the slots with the lowest numbers do; with an odd number of slots, the last number of the row
    says whether it is the smaller half.
    """
    slots = priority.shape[-1] - 1
    coin = priority[..., -1] > np.median(priority[..., :-1], axis=-1)
    half = slots // 2 + coin * (slots % 2)
    rank = priority[..., :-1].argsort(axis=-1, kind="stable").argsort(axis=-1, kind="stable")
    rows = rank < half[..., np.newaxis]
    blocks = rows[..., _ROW_OF_DAY, :] ^ _OPPOSITE[:, np.newaxis]
    joined: BoolArray = blocks.reshape(*blocks.shape[:-3], -1, slots)
    return joined[..., :days, :]


def redraw(plan: SwitchbackPlan, draws: int, generator: np.random.Generator) -> BoolArray:
    """As many other schedules (draws, days, slots) as wanted, from the distribution that the plan's own was drawn from."""
    blocks = -(-plan.days // BLOCK_DAYS)
    return candidate_slots(generator.random((draws, blocks, _ROWS, DAY_MIN // plan.window_min + 1)), plan.days)


def _local_windows(plan: SwitchbackPlan, start: date, zone: ZoneInfo) -> Iterator[tuple[int, int, datetime, datetime]]:
    """Day, slot, start and end of all windows. A window begins whenever a local clock shows a multiple of the window.

    An hour that the clocks skip has no window of its own, and one that they repeat has two.
    """
    begins = [
        (day, slot, begin)
        for day in range(plan.days)
        for slot, begin in _begins_of_day(start + timedelta(days=day), plan.window_min, zone)
    ]
    last = _midnight(start + timedelta(days=plan.days), zone)
    ends = [begin for _, _, begin in begins[1:]] + [last]
    for (day, slot, begin), end in zip(begins, ends, strict=True):
        yield day, slot, begin, end


def _begins_of_day(day: date, window_min: int, zone: ZoneInfo) -> Iterator[tuple[int, datetime]]:
    """Slot and instant of the starts of windows of one local day; minute by minute where the clocks change."""
    first, last = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    step = _MINUTE * (window_min if last - first == timedelta(minutes=DAY_MIN) else 1)
    instant = first
    while instant < last:
        local = instant.astimezone(zone)
        slot, rest = divmod(local.hour * 60 + local.minute, window_min)
        if rest == 0 or instant == first:
            yield slot, instant
        instant += step


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day; one o'clock where the clocks skip the hour from midnight."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _rules(plan: SwitchbackPlan) -> tuple[tuple[str, bool, str, str, str], ...]:
    looks = plan.looks
    ordered = bool(looks) and list(looks) == sorted(set(looks)) and looks[0] >= 1
    return (
        (
            "days",
            1 < plan.days <= _MOST_DAYS,
            f"`2 <= days <= {_MOST_DAYS}` must hold",
            str(plan.days),
            "A switchback needs two days at least, so that each hour sees both arms.",
        ),
        (
            "window_min",
            plan.window_min > 0 and DAY_MIN % plan.window_min == 0,
            "a window must divide a day of 1,440 minutes",
            f"{plan.window_min} minutes",
            "Use 30, 60, 90, 120, 180 or 240.",
        ),
        (
            "washout_min",
            0 <= plan.washout_min < plan.window_min,
            "`0 <= washout_min < window_min` must hold",
            f"{plan.washout_min} of {plan.window_min} minutes",
            "Leave some of the window to be measured.",
        ),
        (
            "harm_limit_pct",
            -100 < plan.harm_limit_pct < 0,
            "the harm limit must lie between -100 and 0 percent, both excluded",
            f"{plan.harm_limit_pct}",
            "Give the loss that must not be kept, such as -1.",
        ),
        ("level", 0 < plan.level < 0.5, "`0 < level < 0.5` must hold", f"{plan.level}", "Use 0.1 for an interval of 90 %."),
        (
            "looks",
            ordered and looks[-1] == plan.days,
            "looks must be days in ascending order, from 1 on, the last of which is the last day",
            f"{list(looks)} of {plan.days} days",
            f"Let the list end with {plan.days}.",
        ),
    )
