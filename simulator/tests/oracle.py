"""One operating day in plain Python, slow and plain to read: what the compiled kernels must reproduce to the last integer.

It takes the same arrays (`hailsim.kernels.arrays`) and the rules of docs/model.md, and shares no code with the kernels: taxis
wait in a heap ordered by second and number instead of a calendar of bit sets, a link is an object instead of a packed record.
Value iteration is rounded to float32 at every step, because a last bit of a value decides which way a taxi turns.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from hailsim.kernels.arrays import CustomerArrays, FleetArrays, NetworkArrays, PlanArrays

DAY_S, SLOT_S, SLOTS = 86_400, 1_800, 48
FIRST_SWEEPS, SWEEPS = 12, 4
STAND_S, STAYS = 60, 52_429
MASK64 = (1 << 64) - 1
f32 = np.float32
ONE, HALF, LOWEST = f32(1), f32(0.5), f32(-80)
INVERSE_LN2, LN2_HIGH, LN2_LOW = f32(1.44269504088896341), f32(0.693359375), f32(-2.12194440e-4)
POLYNOMIAL = tuple(
    f32(each) for each in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)


@dataclass
class Taxi:
    number: int
    link: int
    shifts: list[tuple[int, int]]
    follows: int
    stands: bool = False
    shift_end_s: int = 0
    on_since_s: int | None = None
    free_since_s: int | None = None
    last_trip_ends_s: int = 0
    duty_s: int = 0
    busy_s: int = 0


@dataclass
class Customer:
    appears_s: int
    leaves_s: int
    destination: int
    drive_s: int
    taxi: int | None = None
    pickup_s: int = 0
    search_s: int = 0


@dataclass
class Link:
    successors: list[int]
    turns: list[int]
    customers: list[Customer] = field(default_factory=list)
    drive_s: int = 0
    stand: int = 0
    recommended: tuple[int, ...] = ()
    habitual: tuple[int, ...] = ()
    entries_in_slot: int = 0
    entries: int = 0


class OracleDay:
    """The whole state of one day; `run` plays it."""

    def __init__(
        self,
        *,
        graph: NetworkArrays,
        customers: CustomerArrays,
        fleet: FleetArrays,
        plan: PlanArrays,
        key: int,
        candidate: PlanArrays | None = None,
        candidate_slots: frozenset[int] = frozenset(),
    ) -> None:
        self.graph, self.key, self.stand_per_s = graph, key, fleet.stand_per_s
        self.production, self.candidate, self.candidate_slots = plan, candidate, candidate_slots
        self.plan = self.plan_of(0)
        count = len(graph.zone)
        self.links = [
            Link([int(s) for s in graph.successors[n] if s < count], [int(t) for t in graph.turns[n] if t < 4])
            for n in range(count)
        ]
        self.customers = [
            Customer(int(appears_s), int(leaves_s), int(destination), int(drive_s))
            for (appears_s, leaves_s, _, _), (destination, drive_s) in zip(customers.wait, customers.trip, strict=True)
        ]
        for number, link in enumerate(self.links):
            link.customers = self.customers[customers.first[number] : customers.first[number + 1]]
        self.taxis = [
            Taxi(
                n, int(fleet.start_link[n]), [(int(a), int(b)) for a, b in fleet.shifts[n] if a < DAY_S], int(fleet.follows[n])
            )
            for n in range(len(fleet.start_link))
        ]
        self.queue: list[tuple[int, int]] = []
        self.value = [f32(0)] * count
        self.flow = [self.plan.start_flow_per_s] * count
        self.discount = [f32(1)] * count

    def run(self) -> None:
        for taxi in self.taxis:
            self.wait_for_shift(taxi, -1)
        for slot in range(SLOTS):
            switched = self.plan is not self.plan_of(slot)
            self.plan = self.plan_of(slot)
            if slot % 2 == 0:
                self.start_hour(slot // 2)
            if slot % 2 == 0 or switched:
                for number, link in enumerate(self.links):
                    self.discount[number] = exponential(self.plan.log_discount_per_s * f32(link.drive_s))
            self.make_plan(slot, FIRST_SWEEPS if slot == 0 or switched else SWEEPS)
            self.move_until((slot + 1) * SLOT_S)
            self.learn_flow()
        for taxi in self.taxis:
            if taxi.on_since_s is not None:
                taxi.duty_s += max(DAY_S, taxi.last_trip_ends_s) - taxi.on_since_s

    def start_hour(self, hour: int) -> None:
        for number, link in enumerate(self.links):
            link.drive_s = max(1, int(np.rint(self.graph.freeflow_s[number] * self.graph.factor[hour])))
            stands = f32(link.drive_s) * self.stand_per_s
            link.stand = int(stands / (ONE + stands) * f32(65_536))
            link.habitual = tuple(int(x) for x in self.plan.behaviour[hour, :, number])

    def plan_of(self, slot: int) -> PlanArrays:
        return self.candidate if self.candidate is not None and slot in self.candidate_slots else self.production

    def make_plan(self, slot: int, sweeps: int) -> None:
        plan = self.plan
        gain, keep = [], []
        for number in range(len(self.links)):
            rate = plan.zone_rate[slot, self.graph.zone[number]] * plan.link_share[number]
            miss = exponential(-(rate / (plan.inverse_wait_per_s + self.flow[number])))
            gain.append((f32(1) - miss) * plan.reward[number])
            keep.append(miss * self.discount[number])
        for sweep in range(sweeps):
            indices = range(len(self.links))
            for number in indices if sweep % 2 == 0 else reversed(indices):
                self.value[number] = gain[number] + keep[number] * max(self.worth(number))
        for number, link in enumerate(self.links):
            link.recommended = thresholds(self.worth(number), plan.inverse_temperature)

    def worth(self, number: int) -> list[np.float32]:
        link, plan = self.links[number], self.plan
        return [
            plan.turn_discount[number, k] * self.value[successor] - plan.turn_cost[number, k]
            for k, successor in enumerate(link.successors)
        ]

    def learn_flow(self) -> None:
        for number, link in enumerate(self.links):
            per_s = f32(link.entries_in_slot) * f32(1 / SLOT_S)
            self.flow[number] = f32(0.5) * self.flow[number] + (f32(1) - f32(0.5)) * per_s
            link.entries += link.entries_in_slot
            link.entries_in_slot = 0

    def move_until(self, end_s: int) -> None:
        while self.queue and self.queue[0][0] < end_s:
            now_s, number = heapq.heappop(self.queue)
            taxi = self.taxis[number]
            if now_s >= taxi.shift_end_s:
                self.end_shift(taxi, now_s)
            else:
                self.act(taxi, now_s)

    def act(self, taxi: Taxi, now_s: int) -> None:
        draw = scramble(self.key + now_s * 0x9E3779B97F4A7C15 + taxi.number * 0xD1342543DE82EF95)
        here = self.links[taxi.link]
        chance = (draw >> 16) & 0xFFFF
        stood = taxi.stands
        if stood or chance < here.stand:
            taxi.stands = not stood or chance < STAYS
            waiting = self.first_waiting(here, now_s)
            if waiting is not None:
                next_s = self.pick_up(taxi, waiting, now_s, now_s + here.drive_s // 2)
            else:
                next_s = now_s + (STAND_S if taxi.stands else 1)
        else:
            next_s = self.turn(taxi, now_s, draw)
        heapq.heappush(self.queue, (next_s, taxi.number))

    def turn(self, taxi: Taxi, now_s: int, draw: int) -> int:
        link = self.links[taxi.link]
        settings = link.recommended if draw >> 48 < taxi.follows else link.habitual
        chance = (((draw >> 32) & 0xFFFF) * 65_535) >> 16
        which = next((k for k, threshold in enumerate(settings) if chance < threshold), len(settings))
        taxi.link = link.successors[which]
        entered = self.links[taxi.link]
        entered.entries_in_slot += 1
        arrives_s = now_s + max(1, int(self.graph.turn_s[link.turns[which]]) + entered.drive_s)
        waiting = self.first_waiting(entered, now_s)
        if waiting is None:
            return arrives_s
        return self.pick_up(taxi, waiting, arrives_s - entered.drive_s // 2, arrives_s)

    def first_waiting(self, link: Link, now_s: int) -> Customer | None:
        # Those who were served or gave up never come back; the others stand in the order of their coming.
        while link.customers and (link.customers[0].taxi is not None or link.customers[0].leaves_s < now_s):
            link.customers.pop(0)
        for customer in link.customers:
            if customer.appears_s > now_s:
                return None
            if customer.taxi is None and now_s <= customer.leaves_s:
                return customer
        return None

    def pick_up(self, taxi: Taxi, customer: Customer, pickup_s: int, arrives_s: int) -> int:
        taxi.stands = False
        customer.taxi = taxi.number
        customer.pickup_s = pickup_s
        customer.search_s = -1 if taxi.free_since_s is None else pickup_s - taxi.free_since_s
        taxi.link = customer.destination
        taxi.free_since_s = taxi.last_trip_ends_s = arrives_s + customer.drive_s
        taxi.busy_s += taxi.free_since_s - pickup_s
        return taxi.free_since_s

    def end_shift(self, taxi: Taxi, now_s: int) -> None:
        assert taxi.on_since_s is not None
        taxi.duty_s += now_s - taxi.on_since_s
        taxi.on_since_s = taxi.free_since_s = None
        taxi.stands = False
        self.wait_for_shift(taxi, now_s)

    def wait_for_shift(self, taxi: Taxi, now_s: int) -> None:
        if not taxi.shifts:
            return
        start_s, taxi.shift_end_s = taxi.shifts.pop(0)
        taxi.on_since_s = max(now_s + 1, start_s)
        heapq.heappush(self.queue, (taxi.on_since_s, taxi.number))


def thresholds(worth: list[np.float32], inverse_temperature: np.float32) -> tuple[int, ...]:
    """Cumulative softmax of 65,536, three numbers; 65,535 from the last way on."""
    best = max(worth)
    chances = [exponential((value - best) * inverse_temperature) for value in worth]
    total = [chances[0]]
    for chance in chances[1:]:
        total.append(total[-1] + chance)
    scale = f32(65_536) / total[-1]
    found = [min(65_535, int(part * scale)) for part in total]
    return tuple((found + [65_535] * 3)[:3])


def exponential(x: np.float32) -> np.float32:
    """e^x for x <= 0 as Cephes `expf` computes it, rounded to float32 at every step."""
    x = max(x, LOWEST)
    n = int(HALF - x * INVERSE_LN2)
    back = f32(n)
    r = (x + back * LN2_HIGH) + back * LN2_LOW
    y = POLYNOMIAL[0]
    for coefficient in POLYNOMIAL[1:]:
        y = y * r + coefficient
    return ((y * r) * r + r + ONE) * f32(0.5**n)


def scramble(x: int) -> int:
    """The finaliser of splitmix64."""
    x &= MASK64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK64
    return x ^ (x >> 31)
