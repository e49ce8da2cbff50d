"""Road networks from the field that once went wrong, one kind of fault per test."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from osm_samples import CENTRE, osm_graph, plain_tags, run_import, tlc_rows, write_network, write_trips

from hailsim.findings import counts
from hailsim.model.folder import read_city
from hailsim.model.geometry import Projection
from hailsim.readers.link_geometry import parse_geometry
from hailsim.readers.osm_tags import closed_to_cars, speed_of
from hailsim.readers.osmnx_network import read_osmnx_network


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    return write_trips(tmp_path / "trips.csv", tlc_rows())


def test_roads_closed_to_cars_are_left_out_and_counted_by_class(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path
) -> None:
    def some_stairs(number: int, _u: str, _v: str) -> Mapping[str, Any]:
        return {"highway": ["steps", "footway"]} if number in {20, 21} else {"highway": "cycleway"} if number == 50 else {}

    network = write_network(tmp_path / "n.graphml", osm_graph(some_stairs))
    code, report, text = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city")
    assert code == 0
    assert report["network"]["reading"] == {
        "closed_to_cars_(highway=steps)": 2,
        "closed_to_cars_(highway=cycleway)": 1,
    }
    assert report["network"]["repairs"]["links_read"] == 2 * (7 * 6 + 8 * 5) - 3
    assert "2 closed to cars (highway=steps), such as" in text


def test_a_network_without_roads_for_cars_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path) -> None:
    network = write_network(tmp_path / "n.graphml", osm_graph(lambda *_: {"highway": "footway"}))
    code, report, _ = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city")
    assert code == 2
    assert report["faults"][0]["rule"] == "a network must have roads that cars may use"
    assert "164 closed to cars (highway=footway)" in report["faults"][0]["value"]


def test_a_network_that_falls_apart_without_footways_is_refused_with_their_number(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path
) -> None:
    network = write_network(tmp_path / "n.graphml", osm_graph(lambda k, *_: {"highway": "path"} if k % 3 else {}))
    code, report, _ = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city")
    assert code == 2
    assert "closed to cars (highway=path)" in report["faults"][0]["value"]


@pytest.mark.parametrize(
    ("tags", "closed"),
    [
        ({"highway": "residential"}, None),
        ({"highway": "residential", "access": "no"}, None),
        ({"highway": "residential", "motor_vehicle": "no"}, "motor_vehicle=no"),
        ({"highway": "residential", "vehicle": "no", "motor_vehicle": "yes"}, None),
        ({"highway": "service", "motorcar": "no"}, "motorcar=no"),
        ({"highway": "residential", "access": "private"}, None),
        ({"highway": "['residential', 'steps']"}, "highway=steps"),
        ({}, None),
    ],
)
def test_access_tags_decide_whether_cars_may_use_a_road(tags: dict[str, str], closed: str | None) -> None:
    assert closed_to_cars(tags) == closed


def test_a_network_of_service_roads_is_named_in_a_warning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path
) -> None:
    network = write_network(tmp_path / "n.json", osm_graph(lambda *_: {"highway": "service"}))
    _, report, text = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city")
    warning = "100% of the roads are highway=service: this may not be a network of streets"
    assert warning in report["warnings"]
    assert f"WARNING   {warning}" in text


@pytest.mark.parametrize(
    ("text", "kmh", "repair"),
    [
        ("50 km/h", 50.0, None),
        ("40mph", 40 * 1.609344, None),
        ("DE:zone:30", 30.0, None),
        ("70|100", 85.0, "speed_averaged"),
        ("25 mph;35 mph", 30 * 1.609344, "speed_averaged"),
        ("['30', '30']", 30.0, None),
        ("50;walk", 50.0, "speed_partly_unreadable"),
        ("30 knots", 55.56, "speed_in_knots"),
        ("RO:urban", 30.0, "speed_unreadable"),
        ("none", 30.0, "speed_unreadable"),
        ("0", 30.0, "speed_unreadable"),
        ("-20", 30.0, "speed_unreadable"),
        ("inf", 30.0, "speed_unreadable"),
        ("9" * 400, 30.0, "speed_unreadable"),
        (None, 30.0, "speed_missing"),
    ],
)
def test_every_odd_speed_is_repaired_and_named(text: str | None, kmh: float, repair: str | None) -> None:
    found = speed_of({"highway": "residential", "maxspeed": text})
    assert (found.kmh, found.repair) == (pytest.approx(kmh), repair)


def test_repaired_speeds_are_counted_by_kind_with_an_example(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path
) -> None:
    odd = ["70|100", "RO:urban", "30 knots", "0", None]

    def odd_speeds(number: int, _u: str, _v: str) -> Mapping[str, Any]:
        return {"speed_kph": odd[number]} if number < len(odd) else {}

    network = write_network(tmp_path / "n.json", osm_graph(odd_speeds))
    code, report, text = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city")
    assert code == 0
    assert report["network"]["reading"] == {
        "speed_averaged": 1,
        "speed_unreadable": 2,
        "speed_in_knots": 1,
        "speed_missing": 1,
    }
    assert report["examples"]["speed_unreadable"].endswith("speed_kph=RO:urban")
    assert "2 speed unreadable, such as" in text


@pytest.mark.parametrize(
    ("geometry", "points", "fault"),
    [
        ("LINESTRING Z (1 2 9, 3 4 9)", [(1.0, 2.0), (3.0, 4.0)], None),
        ("SRID=4326;LINESTRING(1 2, 3 4)", [(1.0, 2.0), (3.0, 4.0)], None),
        ("MULTILINESTRING ((1 2, 3 4), (3 4, 5 6))", [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)], None),
        ("MULTILINESTRING ((1 2, 3 4), (7 8, 5 6))", [], "geometry_in_several_parts"),
        ("LINESTRING EMPTY", [], "geometry_empty"),
        ("LINESTRING Z EMPTY", [], "geometry_empty"),
        ("LINESTRING (1 2)", [], "geometry_empty"),
        ("LINESTRING (1 x, 3 4)", [], "geometry_unreadable"),
        ("POINT (1 2)", [], "geometry_unreadable"),
        ({"type": "LineString", "coordinates": [[1, 2, 9], [3, 4, 9]]}, [(1.0, 2.0), (3.0, 4.0)], None),
        ({"type": "MultiLineString", "coordinates": [[[1, 2], [3, 4]], []]}, [(1.0, 2.0), (3.0, 4.0)], None),
        ({"type": "LineString"}, [], "geometry_unreadable"),
        (float("nan"), [], "geometry_unreadable"),
    ],
)
def test_geometry_is_used_where_it_can_be_and_named_where_not(
    geometry: object, points: list[tuple[float, float]], fault: str | None
) -> None:
    assert parse_geometry(geometry) == (points, fault)


def test_unusable_geometry_is_counted_and_reversed_geometry_turned(tmp_path: Path) -> None:
    def odd_geometry(number: int, u: str, v: str) -> Mapping[str, Any]:
        ends = [positions[v], positions[u]] if number == 1 else [positions[u], positions[v]]
        line = f"LINESTRING ({', '.join(f'{lon} {lat}' for lon, lat in ends)})"
        return {"geometry": "LINESTRING EMPTY" if number == 0 else line}

    plain = osm_graph(plain_tags)
    positions = {node: (data["x"], data["y"]) for node, data in plain.nodes(data=True)}
    straight = read_osmnx_network(write_network(tmp_path / "plain.json", plain))
    found = read_osmnx_network(write_network(tmp_path / "odd.json", osm_graph(odd_geometry)))
    assert counts(found.findings) == {"geometry_empty": 1, "geometry_reversed": 1}
    assert found.shape_lon_deg == pytest.approx(straight.shape_lon_deg)


def test_projected_coordinates_are_replaced_by_longitude_and_latitude(tmp_path: Path) -> None:
    projected = osm_graph(plain_tags)
    for _, data in projected.nodes(data=True):
        data.update(lon=data["x"], lat=data["y"], x=data["x"] * 1e5, y=data["y"] * 1e5)
    found = read_osmnx_network(write_network(tmp_path / "projected.graphml", projected))
    plain = read_osmnx_network(write_network(tmp_path / "plain.graphml", osm_graph(plain_tags)))
    assert np.array_equal(found.lat_deg, plain.lat_deg)
    assert counts(found.findings) == {"coordinates_projected": 48}


def test_projected_coordinates_alone_are_refused_as_projected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path
) -> None:
    projected = osm_graph(plain_tags)
    for _, data in projected.nodes(data=True):
        data.update(x=data["x"] * 1e5, y=data["y"] * 1e5)
    network = write_network(tmp_path / "projected.graphml", projected)
    code, report, _ = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city")
    assert code == 2
    assert "projected coordinates (x=-8439" in report["faults"][0]["value"]


def test_a_network_of_expressways_is_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path
) -> None:
    network = write_network(tmp_path / "n.graphml", osm_graph(lambda *_: {"highway": "trunk"}))
    code, report, _ = run_import(capsys, network, "--trips", trips, "--out", tmp_path / "city")
    assert code == 2
    assert report["faults"][0]["value"] == "expressways only"


def test_a_city_across_180_degrees_is_the_same_as_elsewhere(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    drives = []
    for name, centre in (("here", Projection(-17.0, 150.0)), ("dateline", Projection(-17.0, 179.9951))):
        graph = osm_graph(plain_tags, centre)
        assert (max(data["x"] for _, data in graph.nodes(data=True)) > 179.0) == (name == "dateline")
        network = write_network(tmp_path / f"{name}.json", graph)
        trips = write_trips(tmp_path / f"{name}.csv", tlc_rows(centre=centre))
        code, report, _ = run_import(capsys, network, "--trips", trips, "--out", tmp_path / name)
        assert (code, sum(report["trips"]["rejected"].values()) < 0.05 * report["trips"]["read"]) == (0, True)
        drives.append(np.sort(read_city(tmp_path / name).trips.distance_m))
    assert drives[0] == pytest.approx(drives[1], rel=1e-4)


@pytest.mark.parametrize("name", ["n.json", "n.graphml"])
def test_a_network_with_a_byte_order_mark_or_compressed_is_read(tmp_path: Path, name: str) -> None:
    plain = write_network(tmp_path / name, osm_graph(plain_tags))
    marked, packed = tmp_path / f"bom_{name}", tmp_path / f"{name}.gz"
    marked.write_bytes(b"\xef\xbb\xbf" + plain.read_bytes())
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    names = {read_osmnx_network(path).link_name for path in (plain, marked, packed)}
    assert len(names) == 1


def test_a_fare_file_with_a_byte_order_mark_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path, trips: Path) -> None:
    fare = {"currency": "USD", "minor_per_major": 100, "flag_fall_minor": 1, "per_km_minor": 2, "per_minute_minor": 3}
    (tmp_path / "fare.json").write_text(json.dumps(fare), encoding="utf-8-sig")
    network = write_network(tmp_path / "n.json", osm_graph(plain_tags))
    code, report, _ = run_import(
        capsys, network, "--trips", trips, "--out", tmp_path / "city", "--fare", tmp_path / "fare.json"
    )
    assert (code, report["fare"]) == (0, fare)


def test_the_sample_is_a_strongly_connected_network() -> None:
    assert nx.is_strongly_connected(osm_graph(plain_tags))
    assert CENTRE.to_degrees(0.0, 0.0) == (33.78, -84.39)
