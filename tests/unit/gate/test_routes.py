"""What is counted on routes, what blocks, and that the record says it all again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunegate.domain.canonical import canonical_json, content_digest
from tunegate.domain.parameters import Parameters
from tunegate.domain.plain_json import from_plain
from tunegate.domain.routes import Route, RoutesAnswer
from tunegate.gate.routes.check import Blocked, DrawnDay, NotChecked, Passed, RouteFindings, check_routes
from tunegate.gate.routes.measures import Yardstick, common_share, measure_arm, measure_route
from tunegate.gate.routes.policy import Limit, RouteLimits, RoutePolicy
from tunegate.gate.routes.record import RouteDocument, read_route_check, routes_digests, simulator_of
from tunegate.gate.verdict_document import ArmDigests, UnreadableRecord

YARDSTICK = Yardstick(chance=0.01, loop_s=600, loop_chance=0.05)
OPEN = Limit(None, None)
LIMITS = RouteLimits(None, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN)
POLICY = RoutePolicy(required=True, yardstick=YARDSTICK, limits=LIMITS)
DAY = date(2026, 3, 2)


def route(links: str, turns: str | None = None, **fields: object) -> Route:
    """A route over links of 100 m and 20 s named by letters; every chance is 0.02 unless said otherwise."""
    count = len(links)
    made = {
        "at_s": tuple(range(0, 20 * count + 1, 20)),
        "lon": tuple(0.001 * k for k in range(count + 1)),
        "lat": (0.0,) * (count + 1),
        "length_m": (100.0,) * count,
        "chance": (0.02,) * count,
        "outside": (),
    } | fields
    return Route(8, 0, links=tuple(links), turns=turns or "-" + "S" * (count - 1), **made)


def answer(*routes: Route, **fields: object) -> RoutesAnswer:
    numbered = tuple(replace(each, start=number) for number, each in enumerate(routes))
    return replace(RoutesAnswer(numbered, "L", (), {}, DAY, "sha256:" + "0" * 64, "toy 1", 0.0), **fields)


def measured(made: Route):
    return measure_route(made, "L", YARDSTICK)


def checked(production: Route, candidate: Route, **limits: object):
    policy = replace(POLICY, limits=replace(LIMITS, **limits))
    return check_routes([DrawnDay(DAY, answer(production), answer(candidate))], policy)


def test_turns_are_counted_by_kind_and_the_hard_one_is_the_simulators():
    found = measured(route("abcdef", "-LRULS"))
    assert (found.u_turns, found.hard_turns) == (1, 2)
    assert measure_route(route("abcdef", "-LRULS"), "R", YARDSTICK).hard_turns == 1
    arm = measure_arm([found, found])
    assert arm.u_turns_per_10_km == pytest.approx(2 / 0.12)
    assert arm.hard_turns_per_10_km == pytest.approx(4 / 0.12)


def test_a_circle_is_a_loop_only_when_it_was_hardly_worth_driving():
    assert measured(route("abca", chance=(0.01,) * 4)).loops == 1
    assert measured(route("abca", chance=(0.01, 0.01, 0.03, 0.02))).loops == 0, "6 % on the way round"
    assert measured(route("abca", chance=(0.9, 0.01, 0.01, 0.01))).loops == 1, "what was there before the circle counts nothing"
    assert measured(route("abcabca", chance=(0.01,) * 7)).loops == 4, (
        "every link of the second round, and the first of the third"
    )


def test_a_circle_is_a_loop_only_when_it_is_short_in_time():
    late = tuple(accumulate((0, 200, 200, 201, 200)))
    assert measured(route("abca", chance=(0.0,) * 4, at_s=late)).loops == 0
    assert measured(route("abca", chance=(0.0,) * 4, at_s=(0, 200, 400, 600, 800))).loops == 1


def test_the_longest_dry_time_runs_from_chance_to_chance_and_counts_both_ends():
    assert measured(route("abcde", chance=(0.02, 0.0, 0.0, 0.02, 0.0))).longest_dry_s == 40
    assert measured(route("abcde", chance=(0.0, 0.0, 0.0, 0.02, 0.0))).longest_dry_s == 60
    assert measured(route("abcde", chance=(0.0,) * 5)).longest_dry_s == 100
    assert measured(route("abcde")).longest_dry_s == 0


def test_the_95th_percentile_of_dry_times_ignores_one_route_in_twenty():
    wet, dry = measured(route("ab")), measured(route("ab", chance=(0.0, 0.0)))
    arm = measure_arm([wet] * 19 + [dry])
    assert (arm.no_chance_p95_min, arm.no_chance_max_min) == (0.0, 40 / 60)
    assert measure_arm([wet] * 18 + [dry] * 2).no_chance_p95_min == 40 / 60


def test_common_metres_count_a_link_as_often_as_both_drive_it():
    assert common_share(route("abcd"), route("abxy")) == 0.5
    assert common_share(route("abab"), route("abxy")) == 0.5
    assert common_share(route("ab"), route("abab")) == 1.0


@given(st.text("abcdef", min_size=1, max_size=40), st.text("abcdef", min_size=1, max_size=40))
def test_production_against_itself_is_unchanged_and_passes_and_shares_lie_between_0_and_1(one: str, other: str):
    strict = {name: Limit(0.0, None) for name in ("loops_per_hour", "hard_turns_per_10_km", "no_chance_max_min")}
    same = checked(route(one), route(one), changed_pct=0.0, **strict)
    assert same.result == Passed()
    assert (same.changed_pct, same.pairs[0].common) == (0.0, 1.0)
    assert 0.0 <= common_share(route(one), route(other)) <= 1.0


def test_a_limit_on_worsening_looks_at_the_same_starts_of_production():
    production, candidate = route("abcdef", "-LSSSS"), route("abcxyz", "-LLLSS")
    found = checked(production, candidate, hard_turns_per_10_km=Limit(worse=30.0, at_most=None))
    assert found.result == Blocked(
        ("turns across the traffic: 16.67 to 50.00 per 10 km, at most 30 more than production allowed",)
    )
    assert checked(production, candidate, hard_turns_per_10_km=Limit(worse=34.0, at_most=None)).result == Passed()


def test_a_ceiling_holds_whatever_production_does():
    bad = route("abcdef", "-LLLLL")
    found = checked(bad, bad, hard_turns_per_10_km=Limit(worse=0.0, at_most=50.0))
    assert found.result == Blocked(("turns across the traffic: 83.33 per 10 km, at most 50 allowed",))


def test_every_broken_limit_is_named():
    worse = route("abcabz", "-USSSS", chance=(0.0,) * 6, outside=(3,))
    found = checked(
        route("abcdef"),
        worse,
        changed_pct=10.0,
        u_turns_per_10_km=Limit(1.0, None),
        loops_per_hour=Limit(1.0, None),
        left_area_pct=Limit(None, 0.0),
        no_chance_p95_min=Limit(1.0, None),
        no_chance_max_min=Limit(None, 1.9),
    )
    assert isinstance(found.result, Blocked)
    assert [reason.split(":")[0] for reason in found.result.reasons] == [
        "U-turns",
        "loops",
        "routes that leave the service area",
        "longest time without a pickup chance, 95th percentile",
        "longest time without a pickup chance",
    ]
    changed = checked(route("abcdef"), route("azzzzz"), changed_pct=10.0)
    assert changed.result == Blocked(("changed routes: 100.0 %, at most 10 % allowed",))


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (answer(route("xbc")), "do not begin at the same places"),
        (answer(route("abc"), route("abc")), "do not begin at the same places"),
        (answer(route("abc"), simulator_version="toy 2"), "different simulators"),
        (answer(route("abc"), city_digest="sha256:" + "1" * 64), "different cities"),
    ],
)
def test_arms_that_cannot_be_compared_are_not_checked_and_do_not_pass(candidate: RoutesAnswer, reason: str):
    found = check_routes([DrawnDay(DAY, answer(route("abc")), candidate)], POLICY)
    assert isinstance(found.result, NotChecked)
    assert reason in found.result.reason
    assert check_routes([], POLICY).result == NotChecked("no route was drawn")


def test_the_record_says_everything_again_with_the_same_digest_for_the_same_routes():
    drawn = [DrawnDay(DAY, answer(route("abcdef")), answer(route("abcabz", chance=(0.0,) * 6)))]
    policy = replace(POLICY, limits=replace(LIMITS, loops_per_hour=Limit(1.0, 5.0)))
    made = [route_document(drawn, policy).as_json() for _ in range(2)]
    assert content_digest(made[0]) == content_digest(made[1])
    stored = json.loads(canonical_json(made[0]))
    assert read_route_check(stored) == route_document(drawn, policy)
    assert read_route_check(stored).as_json() == stored
    assert stored["routes_digests"] == [[day.production.routes_digest, day.candidate.routes_digest] for day in drawn]


def route_document(drawn: list[DrawnDay], policy: RoutePolicy) -> RouteDocument:
    return RouteDocument(
        verdict="sha256:" + "a" * 64,
        region="toy",
        campaign="toy-1",
        parameter_digests=ArmDigests(Parameters({"gamma": 0.9}).digest, Parameters({"gamma": 0.95}).digest),
        code_version="1",
        simulator=simulator_of(drawn),
        policy=policy,
        request_digests=(),
        routes_digests=routes_digests(drawn),
        findings=check_routes(drawn, policy),
    )


def test_a_record_of_another_format_or_an_unknown_result_is_refused():
    with pytest.raises(UnreadableRecord, match="format == 1"):
        read_route_check({"format": 2})
    with pytest.raises(UnreadableRecord, match="every field"):
        read_route_check({"format": 1})
    with pytest.raises(ValueError, match="must be one of passed, blocked, not checked, but got 'fine'"):
        from_plain(RouteFindings, {"result": {"kind": "fine"}})
