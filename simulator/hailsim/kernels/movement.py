"""Taxi movement from junction to junction. Events of the same second are processed in taxi order.

Events within NEAR_S seconds (nearly all) are kept in a calendar of bit sets: `near[t % NEAR_S]` has one bit per taxi, which
orders them by number for free and lets the records of several taxis be prefetched together. Later events (trips, shifts) are
kept in intrusive lists `far[t % FAR_S]` and move to the bit set when their second is reached.

Glossary
near        uint64[NEAR_S, words]  bit i of word w: taxi 64·w + i reaches the end of its link in that second
far         int32[FAR_S]           first taxi of the list, -1 when empty
taxi        int32[N, 4]            columns FAR_NEXT, LINK, SHIFT_END_S, FOLLOWS (plus STANDING while the taxi stands),
                                   which every event reads
clock       int32[N, 4]            columns WAKE_S time of its event in a far list, VACANT_S start of its search (-1 before
                                   the first drop-off of a shift), FREE_S end of its last trip, ON_S start of its shift
                                   (-1 off duty)
shift       int32[N]               index of its current or next shift
due         uint64[N + 4]          taxis with an event this second; steps int64[N] their decisions, see `_decide`
draw        uint64                 hash of key, second and taxi: 16 bits each decide following, the turn, and standing

Functions of the inner loop take arrays rather than array groups: accessing a group's field updates a reference count, which
costs more than the event itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int64, njit, uint64
from numpy.typing import NDArray

from hailsim.kernels.arrays import (
    APPEARS_S,
    DAY_S,
    DESTINATION,
    DRIVE_S,
    ENTRIES,
    HALF_S,
    LEAVES_S,
    LINK_BITS,
    MAX_LINKS,
    NEVER,
    NEXT,
    NEXT_CUSTOMER_S,
    PICKUP_S,
    POLICY,
    QUEUE_END,
    QUEUE_HEAD,
    SEARCH_S,
    STAND,
)
from hailsim.kernels.hashing import ODD_A, ODD_B, mix, trailing_zeros
from hailsim.kernels.prefetch import prefetch_row

NEAR_S = 256
FAR_S = 4_096
FAR_NEXT, LINK, SHIFT_END_S, FOLLOWS = 0, 1, 2, 3
WAKE_S, VACANT_S, FREE_S, ON_S = 0, 1, 2, 3
# Larger than any follow chance, so that one comparison tells whether a taxi stands.
STANDING = 1 << 17
# A standing taxi re-decides every 60 s; the chance to stay gives a mean stay of five minutes.
STAND_S = 60
STAYS = 52_429
_NEAR_MASK = NEAR_S - 1
_FAR_MASK = FAR_S - 1
_LINK_MASK = np.int64(MAX_LINKS)
_ONE = np.uint64(1)
_SIX = np.uint64(6)
_SIXTY_THREE = np.uint64(63)


class MovingArrays(NamedTuple):
    """The state of every taxi; see the module's glossary."""

    near: NDArray[np.uint64]
    far: NDArray[np.int32]
    taxi: NDArray[np.int32]
    clock: NDArray[np.int32]
    shift: NDArray[np.int32]


@njit(cache=True)
def _sleep(far, taxis, clock, taxi, now_s, then_s):
    clock[taxi, WAKE_S] = then_s
    bucket = min(then_s, now_s + _FAR_MASK) & _FAR_MASK
    taxis[taxi, FAR_NEXT] = far[bucket]
    far[bucket] = taxi


@njit(cache=True)
def _wake(near, far, taxis, clock, second):
    """Move the far list of this second into the bit set; events that are still later are queued again."""
    taxi = int64(far[second & _FAR_MASK])
    far[second & _FAR_MASK] = -1
    while taxi >= 0:
        following = int64(taxis[taxi, FAR_NEXT])
        if clock[taxi, WAKE_S] > second:
            _sleep(far, taxis, clock, taxi, second, int64(clock[taxi, WAKE_S]))
        else:
            near[second & _NEAR_MASK, taxi >> 6] |= _ONE << uint64(taxi & 63)
        taxi = following


@njit(cache=True)
def _await_shift(moving, fleet, taxi, now_s):
    """Schedule the start of the taxi's next shift, if one remains today."""
    number = moving.shift[taxi]
    if number >= fleet.shifts.shape[1] or fleet.shifts[taxi, number, 0] >= DAY_S:
        return
    start_s = max(now_s + 1, int64(fleet.shifts[taxi, number, 0]))
    moving.clock[taxi, ON_S] = start_s
    moving.taxi[taxi, SHIFT_END_S] = fleet.shifts[taxi, number, 1]
    _sleep(moving.far, moving.taxi, moving.clock, taxi, now_s, start_s)


@njit(cache=True)
def _end_shift(moving, fleet, outcome, taxi, now_s):
    outcome.duty_s[taxi] += now_s - moving.clock[taxi, ON_S]
    moving.clock[taxi, ON_S] = -1
    moving.clock[taxi, VACANT_S] = -1
    moving.taxi[taxi, FOLLOWS] &= STANDING - 1
    moving.shift[taxi] += 1
    _await_shift(moving, fleet, taxi, now_s)


@njit(cache=True)
def place_taxis(moving, fleet):
    """Place every taxi on its start link before the first second of the day."""
    moving.far[:] = -1
    for taxi in range(len(fleet.start_link)):
        moving.taxi[taxi, LINK] = fleet.start_link[taxi]
        moving.taxi[taxi, FOLLOWS] = fleet.follows[taxi]
        moving.clock[taxi, VACANT_S] = -1
        moving.clock[taxi, ON_S] = -1
        _await_shift(moving, fleet, taxi, -1)


@njit(cache=True)
def end_day(moving, outcome):
    """Close shifts still open at the end of the day; a last trip is driven to its end."""
    for taxi in range(len(moving.clock)):
        if moving.clock[taxi, ON_S] >= 0:
            outcome.duty_s[taxi] += max(DAY_S, moving.clock[taxi, FREE_S]) - moving.clock[taxi, ON_S]


@njit(cache=True)
def _pick_up(record, wait, trip, taxis, clock, busy_s, taxi, link, now_s, leaves_s, otherwise_s):
    """Serve the first customer waiting in the queue. Returns when the taxi is free again, or `otherwise_s` without a customer.

    Customers wait in the middle of the link, which the taxi passes HALF_S before it leaves the link.
    """
    head, end = int64(record[link, QUEUE_HEAD]), int64(record[link, QUEUE_END])
    while head < end and wait[head, LEAVES_S] < now_s:
        head += 1
    if head < end and wait[head, APPEARS_S] <= now_s:
        pickup_s = leaves_s - int64(record[link, HALF_S])
        otherwise_s = leaves_s + int64(trip[head, DRIVE_S])
        vacant_s = int64(clock[taxi, VACANT_S])
        wait[head, LEAVES_S] = -1 - taxi
        wait[head, PICKUP_S] = pickup_s
        wait[head, SEARCH_S] = pickup_s - vacant_s if vacant_s >= 0 else -1
        clock[taxi, VACANT_S] = otherwise_s
        clock[taxi, FREE_S] = otherwise_s
        busy_s[taxi] += otherwise_s - pickup_s
        taxis[taxi, LINK] = trip[head, DESTINATION]
        taxis[taxi, FOLLOWS] &= STANDING - 1
        head += 1
    record[link, QUEUE_HEAD] = head
    record[link, NEXT_CUSTOMER_S] = wait[head, APPEARS_S] if head < end else NEVER
    return otherwise_s


@njit(cache=True, inline="always")
def _choose(record, link, follows, draw):
    """Branch-free turn choice at the end of `link`: the packed successor and seconds from the record."""
    chance = (int64((draw >> uint64(32)) & uint64(0xFFFF)) * 65_535) >> 16
    half = int64(16) if int64(draw >> uint64(48)) >= follows else int64(0)
    choice = (
        int64(((int64(record[link, POLICY]) >> half) & 0xFFFF) <= chance)
        + int64(((int64(record[link, POLICY + 1]) >> half) & 0xFFFF) <= chance)
        + int64(((int64(record[link, POLICY + 2]) >> half) & 0xFFFF) <= chance)
    )
    return int64(record[link, NEXT + choice])


@njit(cache=True)
def _collect(near, row, due):
    """Collect the taxis with an event this second into `due`, in order; returns their number.

    Four bits per word are extracted unconditionally: one mispredicted branch costs more than all four.
    """
    count = 0
    for word in range(near.shape[1]):
        bits = near[row, word]
        near[row, word] = uint64(0)
        first = uint64(word) << _SIX
        for _ in range(4):
            due[count] = first + trailing_zeros(bits)
            count += int64(bits != uint64(0))
            bits &= bits - _ONE
        while bits != uint64(0):
            due[count] = first + trailing_zeros(bits)
            count += 1
            bits &= bits - _ONE
    return count


@njit(cache=True)
def _decide(record, taxis, due, steps, count, key_now):
    """Decide for each taxi of this second: the packed step from the record, or -1 minus 16 bits of the draw if it stands.

    Decisions do not depend on what other taxis change within the second, so all are made first, while the records of the links
    they lead to are being prefetched.
    """
    for number in range(count):
        taxi = due[number]
        draw = mix(key_now + taxi * ODD_B)
        link, follows = uint64(taxis[taxi, LINK]), int64(taxis[taxi, FOLLOWS])
        chance = int64((draw >> uint64(16)) & uint64(0xFFFF))
        step = _choose(record, link, follows & (STANDING - 1), draw)
        prefetch_row(record, step & _LINK_MASK)
        steps[number] = -1 - chance if follows >= STANDING or chance < int64(record[link, STAND]) else step


@njit(cache=True)
def move(moving, record, customers, fleet, outcome, key, from_s, to_s):
    """Process the events of seconds from_s..to_s-1; returns their number."""
    events = 0
    near, far, taxis, clock = moving.near, moving.far, moving.taxi, moving.clock
    wait, trip, busy_s = outcome.wait, customers.trip, outcome.busy_s
    due, steps = np.empty(len(taxis) + 4, np.uint64), np.empty(len(taxis), np.int64)
    for second in range(from_s, to_s):
        if far[second & _FAR_MASK] >= 0:
            _wake(near, far, taxis, clock, second)
        count = _collect(near, second & _NEAR_MASK, due)
        events += count
        _decide(record, taxis, due, steps, count, key + uint64(second) * ODD_A)
        for number in range(count):
            taxi = due[number]
            if second >= taxis[taxi, SHIFT_END_S]:
                _end_shift(moving, fleet, outcome, int64(taxi), second)
                continue
            step = steps[number]
            if step < 0:
                link, follows = uint64(taxis[taxi, LINK]), int64(taxis[taxi, FOLLOWS])
                stays = follows < STANDING or -1 - step < STAYS
                taxis[taxi, FOLLOWS] = (follows | STANDING) if stays else (follows & (STANDING - 1))
                then_s = second + (STAND_S if stays else 1)
                leaves_s = second + int64(record[link, HALF_S])
            else:
                link = uint64(step & _LINK_MASK)
                then_s = second + (step >> LINK_BITS)
                leaves_s = then_s
                record[link, ENTRIES] += 1
                taxis[taxi, LINK] = link
            if int64(record[link, NEXT_CUSTOMER_S]) <= second:
                then_s = _pick_up(record, wait, trip, taxis, clock, busy_s, int64(taxi), link, second, leaves_s, then_s)
            if then_s - second <= _NEAR_MASK:
                near[then_s & _NEAR_MASK, taxi >> _SIX] |= _ONE << (taxi & _SIXTY_THREE)
            else:
                _sleep(far, taxis, clock, int64(taxi), second, then_s)
    return events
