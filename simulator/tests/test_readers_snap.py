from __future__ import annotations

import numpy as np
import pytest
from city_samples import both_ways, grid, links_by_name, raw_network
from hypothesis import given, settings
from hypothesis import strategies as st

from hailsim.model.city import RoadClass
from hailsim.model.network import BuiltNetwork, build_network
from hailsim.model.raw_network import clean_network
from hailsim.readers import snap
from hailsim.readers.snap import NO_LINK, TIE_M, Snapper, hailable_segments


def plain_distance(px: float, py: float, piece: tuple[float, float, float, float]) -> float:
    ax, ay, bx, by = piece
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    if length == 0.0:
        return ((px - ax) ** 2 + (py - ay) ** 2) ** 0.5
    along = min(1.0, max(0.0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length**2))
    return ((px - ax - along * (bx - ax)) ** 2 + (py - ay - along * (by - ay)) ** 2) ** 0.5


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 40))
def test_the_nearest_link_is_the_one_that_brute_force_finds(seed: int, junctions: int) -> None:
    rng = np.random.default_rng(seed)
    # Long and short links crossing each other anyhow: the hardest case for a search by samples.
    points = [(float(x), float(y)) for x, y in rng.uniform(0, 2000, (junctions, 2))]
    ring = [(k, (k + 1) % junctions) for k in range(junctions)]
    more = [(int(a), int(b)) for a, b in rng.integers(0, junctions, (junctions, 2)) if a != b]
    cleaned, _, _ = clean_network(raw_network(points, [*ring, *more]))
    segments = hailable_segments(cleaned)
    x_m, y_m = rng.uniform(-1500, 1500, 60), rng.uniform(-1500, 1500, 60)
    link, distance_m = Snapper(segments, "right").snap(x_m, y_m, 1e9)
    for k in range(60):
        ends = zip(segments.ax, segments.ay, segments.bx, segments.by, strict=True)
        all_m = np.array(
            [
                plain_distance(float(x_m[k]), float(y_m[k]), (float(end[0]), float(end[1]), float(end[2]), float(end[3])))
                for end in ends
            ]
        )
        assert distance_m[k] == pytest.approx(all_m.min(), abs=1e-6)
        assert all_m[segments.link == link[k]].min() <= all_m.min() + TIE_M + 1e-6


def street(driving_side: str) -> tuple[BuiltNetwork, dict[str, int], Snapper]:
    raw = raw_network([(0.0, 0.0), (400.0, 0.0), (400.0, 400.0), (0.0, 400.0)], both_ways([(0, 1), (1, 2), (2, 3), (3, 0)]))
    built = build_network(raw, 0.0)
    return built, links_by_name(built, raw), Snapper(hailable_segments(built.cleaned), driving_side)


@pytest.mark.parametrize(("driving_side", "south", "north"), [("right", "0-1", "1-0"), ("left", "1-0", "0-1")])
def test_a_point_beside_a_two_way_street_snaps_to_the_near_side_direction(driving_side: str, south: str, north: str) -> None:
    built, link, snapper = street(driving_side)
    first = built.cleaned
    middle_y = float(first.point_y_m[first.point_start[link["0-1"]]])
    x_m = np.full(2, float(first.point_x_m[first.point_start[link["0-1"]]]) + 150.0)
    found, distance_m = snapper.snap(x_m, np.array([middle_y - 9.0, middle_y + 9.0]), 300.0)
    assert found.tolist() == [link[south], link[north]]
    assert distance_m == pytest.approx([9.0, 9.0], abs=1e-6)


def test_points_in_the_middle_of_a_street_are_split_deterministically_between_directions() -> None:
    built, link, snapper = street("right")
    first = built.cleaned
    start = first.point_start[link["0-1"]]
    x_m = float(first.point_x_m[start]) + np.linspace(100.0, 300.0, 400)
    y_m = np.full(400, float(first.point_y_m[start]))
    found, _ = snapper.snap(x_m, y_m, 300.0)
    again, _ = street("right")[2].snap(x_m[::-1], y_m, 300.0)
    assert set(found.tolist()) == {link["0-1"], link["1-0"]}
    assert 0.35 < np.mean(found == link["0-1"]) < 0.65
    assert np.array_equal(found, again[::-1])


def test_beyond_the_limit_and_for_nan_there_is_no_link() -> None:
    _, _, snapper = street("right")
    found, distance_m = snapper.snap(np.array([0.0, 5000.0, np.nan]), np.array([0.0, 0.0, 0.0]), 300.0)
    assert found[0] != NO_LINK
    assert found[1:].tolist() == [NO_LINK, NO_LINK]
    assert distance_m[1] > 4000.0
    assert np.isinf(distance_m[2])


def test_no_point_snaps_to_an_expressway_even_if_it_is_nearer() -> None:
    points = [(0.0, 0.0), (400.0, 0.0), (400.0, 100.0), (0.0, 100.0)]
    classes = [RoadClass.EXPRESS, RoadClass.EXPRESS] + [RoadClass.LOCAL] * 6
    raw = raw_network(points, both_ways([(0, 1), (1, 2), (2, 3), (3, 0)]), road_class=classes)
    built = build_network(raw, 0.0)
    link = links_by_name(built, raw)
    start = built.cleaned.point_start[link["0-1"]]
    x_m, y_m = float(built.cleaned.point_x_m[start]) + 200.0, float(built.cleaned.point_y_m[start]) + 10.0
    found, distance_m = Snapper(hailable_segments(built.cleaned), "right").snap(np.array([x_m]), np.array([y_m]), 300.0)
    assert found[0] in {link["2-3"], link["3-2"]}
    assert distance_m[0] == pytest.approx(90.0, rel=1e-2)


def test_snapping_in_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    snapper = Snapper(hailable_segments(build_network(grid(5, 5), 0.0).cleaned), "right")
    x_m, y_m = np.random.default_rng(1).uniform(-500, 500, (2, 100))
    whole = snapper.snap(x_m, y_m, 100.0)
    monkeypatch.setattr(snap, "_CHUNK", 7)
    chunked = snapper.snap(x_m, y_m, 100.0)
    assert np.array_equal(whole[0], chunked[0])
    assert np.array_equal(whole[1], chunked[1])


def test_snapping_no_points_returns_no_links() -> None:
    built = build_network(grid(3, 3), 0.0)
    found, distance_m = Snapper(hailable_segments(built.cleaned), "right").snap(np.zeros(0), np.zeros(0), 300.0)
    assert (len(found), len(distance_m)) == (0, 0)
