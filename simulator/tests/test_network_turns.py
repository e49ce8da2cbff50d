from __future__ import annotations

import numpy as np
import pytest
from city_samples import both_ways, grid, links_by_name, raw_network
from hypothesis import given, settings
from hypothesis import strategies as st

from hailsim.faults import BadInput
from hailsim.model.city import Network, RoadClass, Turn
from hailsim.model.geometry import hilbert_rank
from hailsim.model.linegraph import strongly_connected
from hailsim.model.network import build_network, turn_seconds

EAST, NORTH, WEST, SOUTH, MIDDLE = range(5)
CROSSING = [(300.0, 0.0), (0.0, 300.0), (-300.0, 0.0), (0.0, -300.0), (0.0, 0.0)]


def turns_from(network: Network, link: int) -> dict[int, Turn]:
    return {
        int(s): Turn(int(t)) for s, t in zip(network.successors[link], network.turns[link], strict=True) if s < network.links
    }


def test_bearings_classify_turns_at_a_crossing_without_u_turns() -> None:
    raw = raw_network(CROSSING, both_ways([(arm, MIDDLE) for arm in (EAST, NORTH, WEST, SOUTH)]))
    built = build_network(raw, 0.0)
    link = links_by_name(built, raw)
    assert turns_from(built.network, link["2-4"]) == {
        link["4-0"]: Turn.STRAIGHT,
        link["4-1"]: Turn.LEFT,
        link["4-3"]: Turn.RIGHT,
    }
    assert turns_from(built.network, link["3-4"]) == {
        link["4-1"]: Turn.STRAIGHT,
        link["4-2"]: Turn.LEFT,
        link["4-0"]: Turn.RIGHT,
    }


def test_u_turns_are_allowed_only_without_another_exit() -> None:
    raw = raw_network(CROSSING, both_ways([(arm, MIDDLE) for arm in (EAST, NORTH, WEST, SOUTH)]))
    built = build_network(raw, 0.0)
    link = links_by_name(built, raw)
    for arm in (EAST, NORTH, WEST, SOUTH):
        assert turns_from(built.network, link[f"4-{arm}"]) == {link[f"{arm}-4"]: Turn.U_TURN}
    assert built.report.u_turns == 4


def test_the_driving_side_affects_turn_seconds_but_not_geometry() -> None:
    right, left = turn_seconds("right"), turn_seconds("left")
    assert right[Turn.RIGHT] < right[Turn.LEFT]
    assert left[Turn.LEFT] < left[Turn.RIGHT]
    assert right[Turn.RIGHT] == left[Turn.LEFT]
    assert right[Turn.STRAIGHT] == left[Turn.STRAIGHT] == right[Turn.NONE] == 0.0
    assert right[Turn.U_TURN] == left[Turn.U_TURN] > right[Turn.LEFT]


def test_a_link_without_a_return_path_is_cut_and_reported() -> None:
    points = [(0.0, 0.0), (200.0, 0.0), (200.0, 200.0), (0.0, 200.0), (250.0, 0.0)]
    raw = raw_network(points, [*both_ways([(0, 1), (1, 2), (2, 3), (3, 0)]), (1, 4)])
    built = build_network(raw, 0.10)
    assert (built.report.links_kept, built.report.links_cut) == (8, 1)
    assert built.report.km_cut == pytest.approx(0.05, abs=1e-3)
    assert built.report.share_cut == pytest.approx(50.0 / 1650.0, abs=1e-4)
    assert list(built.cut_away.source_link) == [8]
    assert strongly_connected(built.network.successors)


def test_a_link_whose_other_exit_was_cut_gets_a_u_turn() -> None:
    # The two-way street 1-4 ends at junction 4, from where one can only leave the network: without the cut it had a way on.
    points = [(0.0, 0.0), (200.0, 0.0), (200.0, 200.0), (0.0, 200.0), (300.0, 0.0), (350.0, 0.0)]
    raw = raw_network(points, [*both_ways([(0, 1), (1, 2), (2, 3), (3, 0), (1, 4)]), (4, 5)])
    built = build_network(raw, 0.10)
    link = links_by_name(built, raw)
    assert built.report.links_cut == 1
    assert turns_from(built.network, link["1-4"]) == {link["4-1"]: Turn.U_TURN}


def test_a_two_way_ring_keeps_both_directions_by_the_fewest_u_turns() -> None:
    points = [(0.0, 0.0), (200.0, 0.0), (200.0, 200.0), (0.0, 200.0)]
    built = build_network(raw_network(points, both_ways([(0, 1), (1, 2), (2, 3), (3, 0)])), 0.0)
    assert built.report.links_kept == 8
    assert built.report.u_turns == built.report.u_turns_for_reach == 2
    assert strongly_connected(built.network.successors)


def test_a_cut_above_the_share_refuses_the_network_and_names_the_flag() -> None:
    points = [(0.0, 0.0), (200.0, 0.0), (200.0, 200.0), (0.0, 200.0), (5000.0, 0.0), (5200.0, 0.0), (5200.0, 200.0)]
    raw = raw_network(points, both_ways([(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 4)]))
    with pytest.raises(BadInput, match="strongly connected") as caught:
        build_network(raw, 0.10)
    assert "--max-cut-share" in caught.value.faults[0].remedy
    assert build_network(raw, 0.6).report.links_kept == 8


def test_of_six_exits_the_sharpest_are_dropped_and_every_link_stays_reachable() -> None:
    arms = [(300.0 * np.cos(a), 300.0 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 7, endpoint=False)]
    raw = raw_network([*arms, (0.0, 0.0)], both_ways([(arm, 7) for arm in range(7)]))
    built = build_network(raw, 0.0)
    network = built.network
    assert network.successors.shape == (14, 4)
    assert strongly_connected(network.successors)
    assert len(built.report.turns_dropped) == 7 * (6 - 4)
    assert all(before.endswith("-7") and after.startswith("7-") for before, after in built.report.turns_dropped)


def test_five_indispensable_exits_are_refused() -> None:
    # One way in (0 -> 1), five one-way streets out, each back to junction 0 by a way of its own.
    points = [(-300.0, 0.0), (0.0, 0.0)] + [(300.0, 100.0 * k - 200.0) for k in range(5)]
    links = [(0, 1), *[(1, 2 + k) for k in range(5)], *[(2 + k, 0) for k in range(5)]]
    with pytest.raises(BadInput, match="at most 4 exits"):
        build_network(raw_network(points, links), 0.0)


def test_duplicate_links_merge_into_the_fastest_and_a_longer_one_stays() -> None:
    points = [(0.0, 0.0), (200.0, 0.0), (200.0, 200.0)]
    links = [(0, 1), (0, 1), (0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)]
    lengths = [200.0, 200.4, 450.0, 200.0, 300.0, 200.0, 200.0, 300.0]
    speeds = [30.0, 50.0, 30.0, 30.0, 30.0, 30.0, 30.0, 30.0]
    raw = raw_network(points, links, length_m=lengths, speed_kmh=speeds)
    built = build_network(raw, 0.0)
    assert built.report.repairs.duplicates_merged == 1
    kept = set(built.cleaned.source_link.tolist())
    assert 0 not in kept
    assert {1, 2} <= kept


def test_loops_are_dropped_and_zero_lengths_measured_or_raised_to_a_metre() -> None:
    points = [(0.0, 0.0), (200.0, 0.0), (200.0, 0.2), (0.0, 200.0)]
    links = [(0, 0), *both_ways([(0, 1), (1, 2), (2, 3), (3, 0)])]
    lengths = [90.0, 0.0, 200.0, 0.0, 0.0, 300.0, 300.0, 10.0, 200.0]
    raw = raw_network(points, links, length_m=lengths)
    built = build_network(raw, 0.0)
    repairs = built.report.repairs
    link = links_by_name(built, raw)
    assert (repairs.loops_dropped, repairs.zero_lengths_raised, repairs.lengths_raised_to_chord) == (1, 3, 1)
    assert built.network.length_m[link["0-1"]] == pytest.approx(200.0, rel=1e-3)
    assert built.network.length_m[link["1-2"]] == pytest.approx(1.0)
    assert built.network.length_m[link["3-0"]] == pytest.approx(200.0, rel=1e-3)


def test_missing_and_impossible_speeds_take_the_default_of_their_class() -> None:
    points = [(0.0, 0.0), (200.0, 0.0), (200.0, 200.0)]
    links = both_ways([(0, 1), (1, 2), (2, 0)])
    raw = raw_network(points, links, speed_kmh=[np.nan, 251.0, 48.0, 90.0, 2.0, 36.0])
    built = build_network(raw, 0.0)
    link = links_by_name(built, raw)
    network = built.network
    assert (built.report.repairs.speeds_defaulted, built.report.repairs.speeds_clipped) == (2, 1)
    assert network.freeflow_s[link["0-1"]] == pytest.approx(200.0 / (30.0 / 3.6), rel=1e-3)
    assert network.freeflow_s[link["1-0"]] == pytest.approx(200.0 / (30.0 / 3.6), rel=1e-3)
    assert network.freeflow_s[link["2-0"]] == pytest.approx(200.0 * np.sqrt(2) / (5.0 / 3.6), rel=1e-3)
    assert network.road_class[link["1-2"]] == RoadClass.ARTERIAL
    assert network.road_class[link["2-1"]] == RoadClass.EXPRESS


def test_every_fault_of_a_network_is_named_at_once() -> None:
    raw = raw_network([(0.0, 0.0), (200.0, 0.0), (0.0, 200.0)], both_ways([(0, 1), (1, 2), (2, 0)]))
    raw.lat_deg[1], raw.lon_deg[2] = np.nan, 250.0
    raw.length_m[3], raw.speed_kmh[4] = -5.0, 0.0
    raw.link_to[0] = 9
    with pytest.raises(BadInput) as caught:
        build_network(raw, 0.5)
    text = str(caught.value)
    assert all(
        part in text
        for part in ("join two junctions", "latitude in [-90, 90]", "j1", "j2", "length must be finite", "speed must be finite")
    )
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize("links", [[], [(0, 0)]])
def test_a_network_without_a_usable_link_is_refused(links: list[tuple[int, int]]) -> None:
    with pytest.raises(BadInput, match="at least one link"):
        build_network(raw_network([(0.0, 0.0), (100.0, 0.0)], links), 0.5)


@pytest.mark.parametrize("links", [[(0, 1)], [(0, 1), (1, 2)]])
def test_a_network_without_a_cycle_is_refused(links: list[tuple[int, int]]) -> None:
    with pytest.raises(BadInput, match="strongly connected part"):
        build_network(raw_network([(0.0, 0.0), (100.0, 0.0), (200.0, 0.0)], links), 1.0)


def test_one_two_way_street_is_a_city_of_two_links() -> None:
    network = build_network(raw_network([(0.0, 0.0), (100.0, 0.0)], [(0, 1), (1, 0)]), 0.0).network
    assert network.successors[:, 0].tolist() == [1, 0]
    assert network.turns[:, 0].tolist() == [Turn.U_TURN, Turn.U_TURN]


def test_neighbouring_ids_are_neighbouring_links() -> None:
    network = build_network(grid(30, 30), 0.0).network
    middle = np.column_stack([network.start_x_m + network.end_x_m, network.start_y_m + network.end_y_m]) / 2.0
    steps = np.hypot(*np.diff(middle, axis=0).T)
    assert np.median(steps) <= 200.0
    assert np.mean(steps) < 300.0


def test_hilbert_ranks_visit_neighbouring_cells() -> None:
    x, y = (values.ravel().astype(float) for values in np.meshgrid(np.arange(32), np.arange(32)))
    order = np.argsort(hilbert_rank(x, y))
    # Cells of a curve's grid and points of ours do not coincide exactly, so single steps may be diagonal or skip one.
    assert np.hypot(np.diff(x[order]), np.diff(y[order])).max() <= 3.0


def test_zones_are_cells_of_500_m_numbered_without_gaps() -> None:
    network = build_network(grid(12, 9), 0.0).network
    assert set(network.zone.tolist()) == set(range(network.zones))
    middle = np.column_stack([network.start_x_m + network.end_x_m, network.start_y_m + network.end_y_m]) / 2.0
    for zone in range(network.zones):
        assert (np.ptp(middle[network.zone == zone], axis=0) <= 500.0).all()


def test_the_same_source_gives_the_same_network() -> None:
    one, two = build_network(grid(9, 7), 0.0).network, build_network(grid(9, 7), 0.0).network
    assert all(np.array_equal(getattr(one, name), getattr(two, name)) for name in Network.__slots__)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 7), st.integers(2, 7), st.randoms(use_true_random=False))
def test_any_network_left_after_the_cut_obeys_every_rule(columns: int, rows: int, random: object) -> None:
    full = grid(columns, rows)
    pick = [k for k in range(len(full.link_name)) if random.random() < 0.75]  # type: ignore[attr-defined]
    points = [(float(c * 200), float(r * 200)) for r in range(rows) for c in range(columns)]
    links = [(int(full.link_from[k]), int(full.link_to[k])) for k in pick]
    try:
        built = build_network(raw_network(points, links), 1.0)
    except BadInput:
        return  # nothing strongly connected was left
    network = built.network
    assert strongly_connected(network.successors)
    assert built.report.links_kept + built.report.links_cut == len(links)
    for link in range(network.links):
        following = turns_from(network, link)
        assert all(network.link_from[s] == network.link_to[link] for s in following)
        if Turn.U_TURN in following.values():
            others = np.flatnonzero((network.link_from == network.link_to[link]) & (network.link_to != network.link_from[link]))
            assert len(others) == 0 or built.report.u_turns_for_reach > 0
