from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from zoneinfo import ZoneInfo

import networkx as nx
import numpy as np
import pytest
from city_samples import sample_trips, write_table_source

from hailsim.faults import BadInput
from hailsim.findings import counts
from hailsim.model.city import RoadClass
from hailsim.model.network import build_network
from hailsim.model.raw_network import CLASS_UNKNOWN, RawNetwork
from hailsim.readers.junction_folder import is_junction_folder, read_junction_folder
from hailsim.readers.local_trips import read_local_trips
from hailsim.readers.osmnx_network import read_osmnx_network

NEW_YORK = ZoneInfo("America/New_York")
TLC_HEADER = (
    "VendorID, tpep_pickup_datetime,tpep_dropoff_datetime,pickup_longitude,pickup_latitude,dropoff_longitude,dropoff_latitude"
)


def osm_graph() -> nx.MultiDiGraph:
    """What OSMnx 1.2 writes: lists, missing attributes, units in speeds, a curved road, a parallel edge."""
    graph = nx.MultiDiGraph(crs="epsg:4326")
    for name, (x, y) in {101: (-73.99, 40.75), 102: (-73.98, 40.75), 103: (-73.98, 40.76)}.items():
        graph.add_node(name, x=x, y=y)
    graph.add_edge(101, 102, 0, length=843.0, highway="residential", maxspeed="25 mph", osmid=[1, 2])
    graph.add_edge(102, 103, 0, length=1112.0, highway=["primary", "residential"], maxspeed=["30 mph", "20 mph"])
    graph.add_edge(103, 101, 0, length=1500.0, highway="motorway")
    graph.add_edge(103, 101, 1, length=1410.0, highway="motorway_link", maxspeed="signals")
    graph.add_edge(102, 101, 0, speed_kph=40.0, length=843.0)
    return graph


def node_link(path: Path, graph: nx.MultiDiGraph, **changes: object) -> Path:
    path.write_text(json.dumps({**nx.node_link_data(graph, edges="links"), **changes}))
    return path


def test_osm_attributes_become_speeds_and_classes(tmp_path: Path) -> None:
    raw = read_osmnx_network(node_link(tmp_path / "net.json", osm_graph()))
    of = {name: k for k, name in enumerate(raw.link_name)}
    speeds = {name: round(float(raw.speed_kmh[k]), 1) for name, k in of.items()}
    assert speeds == {"101→102": 40.2, "102→103": 40.2, "103→101": 88.0, "103→101 (1)": 50.0, "102→101": 40.0}
    classes = {name: int(raw.road_class[k]) for name, k in of.items()}
    assert classes["101→102"] == classes["102→103"] == RoadClass.LOCAL
    assert classes["103→101"] == classes["103→101 (1)"] == RoadClass.EXPRESS
    assert classes["102→101"] == CLASS_UNKNOWN


def test_graphml_and_node_link_of_one_graph_are_one_network(tmp_path: Path) -> None:
    graph = osm_graph()
    flat = nx.MultiDiGraph()
    flat.add_nodes_from((name, {key: str(value) for key, value in data.items()}) for name, data in graph.nodes(data=True))
    for u, v, key, data in graph.edges(keys=True, data=True):
        flat.add_edge(u, v, key, **{name: str(value) for name, value in data.items()})
    nx.write_graphml(flat, tmp_path / "net.graphml")
    one, two = read_osmnx_network(tmp_path / "net.graphml"), read_osmnx_network(node_link(tmp_path / "net.json", graph))
    assert sorted(one.link_name) == sorted(two.link_name)
    order_one, order_two = np.argsort(one.link_name), np.argsort(two.link_name)
    for name in ("length_m", "speed_kmh", "road_class"):
        assert np.allclose(getattr(one, name)[order_one], getattr(two, name)[order_two]), name


def test_a_curved_road_turns_by_its_ends_and_is_as_long_as_its_curve(tmp_path: Path) -> None:
    graph = osm_graph()
    # From 101 north, then east to 102: leaves northwards, arrives eastwards.
    graph.edges[101, 102, 0]["geometry"] = "LINESTRING (-73.99 40.75, -73.99 40.751, -73.981 40.751, -73.98 40.75)"
    del graph.edges[101, 102, 0]["length"]
    raw = read_osmnx_network(node_link(tmp_path / "net.json", graph))
    assert np.diff(raw.shape_start).tolist().count(4) == 1
    built = build_network(raw, 0.5)
    length_m = {raw.link_name[source]: built.network.length_m[k] for k, source in enumerate(built.cleaned.source_link)}
    assert length_m["101→102"] == pytest.approx(111.0 + 758.0 + 139.0, rel=0.02)
    assert built.report.repairs.lengths_from_geometry == 1


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("{", "JSON object"),
        ("[]", "lists `nodes` and `links`"),
        ('{"directed": false, "nodes": [], "links": []}', "directed graph"),
        ('{"directed": true, "nodes": [{"x": 1, "y": 2}], "links": []}', "must have an `id`"),
        ('{"directed": true, "nodes": [{"id": 1, "x": "west", "y": 2}], "links": []}', "`x` must be a number"),
        ('{"directed": true, "nodes": [{"id": 1, "y": 2}], "links": []}', "`x` must be a number"),
        ('{"directed": true, "nodes": [{"id": 1, "x": 1, "y": 2}, {"id": 1, "x": 1, "y": 2}], "links": []}', "a unique id"),
    ],
)
def test_an_invalid_network_file_is_refused(tmp_path: Path, content: str, part: str) -> None:
    (tmp_path / "net.json").write_text(content)
    with pytest.raises(BadInput, match=part):
        read_osmnx_network(tmp_path / "net.json")


@pytest.mark.parametrize(
    ("name", "content"), [("net.graphml", "<graphml"), ("net.graphml", "no"), ("net.shp", "x"), ("missing.json", None)]
)
def test_other_network_files_are_refused(tmp_path: Path, name: str, content: str | None) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(BadInput):
        read_osmnx_network(tmp_path / name)


def test_a_dangling_link_is_refused_by_name(tmp_path: Path) -> None:
    data = nx.node_link_data(osm_graph(), edges="links")
    data["links"][0]["target"] = 999
    (tmp_path / "net.json").write_text(json.dumps(data))
    with pytest.raises(BadInput, match="101→999"):
        build_network(read_osmnx_network(tmp_path / "net.json"), 0.5)


def tlc(path: Path, *rows: str) -> Path:
    path.write_text(TLC_HEADER + "\n" + "\n".join(rows) + "\n")
    return path


def test_tlc_times_are_local_and_converted_to_utc(tmp_path: Path) -> None:
    trips = read_local_trips(
        tlc(tmp_path / "t.csv", "1,2016-01-02 20:18:04,2016-01-02 20:32:14,-73.97,40.76,-73.98,40.75"), NEW_YORK
    )
    assert trips.pickup_utc_s[0] == 1_451_783_884  # 2016-01-03T01:18:04Z
    assert trips.dropoff_utc_s[0] - trips.pickup_utc_s[0] == 850
    assert (trips.pickup_lat[0], trips.pickup_lon[0]) == (40.76, -73.97)


def test_quoted_headers_and_cells_are_read(tmp_path: Path) -> None:
    header = ", ".join(f'"{name.strip()}"' for name in TLC_HEADER.split(","))
    row = '"1","2016-01-02 20:18:04","2016-01-02 20:32:14","-73.97","40.76","-73.98","40.75"'
    (tmp_path / "t.csv").write_text(f"\ufeff{header}\r\n{row}\r\n")
    trips = read_local_trips(tmp_path / "t.csv", NEW_YORK)
    assert (len(trips), float(trips.dropoff_lon[0])) == (1, -73.98)


def test_unreadable_and_ambiguous_times_are_counted_and_skipped(tmp_path: Path) -> None:
    place = "-73.97,40.76,-73.98,40.75"
    trips = read_local_trips(
        tlc(
            tmp_path / "t.csv",
            f"1,2015-11-01 00:30:00,2015-11-01 00:45:00,{place}",
            f"1,2015-11-01 00:50:00,2015-11-01 01:10:00,{place}",  # ends in the hour that happens twice
            f"1,2015-11-31 00:50:00,2015-11-01 01:10:00,{place}",
            f"1,,2015-11-01 00:10:00,{place}",
            f"1,yesterday,2015-11-01 00:10:00,{place}",
        ),
        NEW_YORK,
    )
    assert len(trips) == 1
    assert counts(trips.unreadable) == {"unreadable_time": 3, "time_the_clock_showed_twice_or_never": 1}


def test_non_numeric_coordinates_become_nan_and_keep_the_row(tmp_path: Path) -> None:
    trips = read_local_trips(tlc(tmp_path / "t.csv", "1,2016-01-02 20:18:04,2016-01-02 20:32:14,here,,nan,1e1"), NEW_YORK)
    assert np.isnan([trips.pickup_lon[0], trips.pickup_lat[0], trips.dropoff_lon[0]]).all()
    assert trips.dropoff_lat[0] == 10.0


def test_times_with_a_zone_in_a_local_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="without a zone"):
        read_local_trips(
            tlc(tmp_path / "t.csv", "1,2016-01-02T20:18:04Z,2016-01-02T20:32:14Z,-73.97,40.76,-73.98,40.75"), NEW_YORK
        )


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", TLC_HEADER + "\n1,2\n"])
def test_trip_files_of_another_kind_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(BadInput):
        read_local_trips(tmp_path / "t.csv", NEW_YORK)


def test_tlc_files_without_coordinates_are_refused_with_an_alternative(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,PULocationID,DOLocationID\n")
    with pytest.raises(BadInput) as caught:
        read_local_trips(tmp_path / "t.csv", NEW_YORK)
    assert "until June 2016" in caught.value.faults[0].remedy


def test_a_folder_of_tables_is_read_completely(tmp_path: Path) -> None:
    folder = write_table_source(tmp_path / "source")
    assert is_junction_folder(folder)
    source = read_junction_folder(folder)
    assert (len(source.network.junction_name), len(source.network.link_name)) == (30, 98)
    assert len(source.trips) == 800
    assert source.trips.cab is not None
    assert set(source.trips.cab.tolist()) == {0, 1, 2, 3, 4}
    assert source.vacant is None
    optional = {"findings", "main_kind"}
    assert all(len(getattr(source.network, field.name)) for field in fields(RawNetwork) if field.name not in optional)


def test_timestamps_without_a_zone_are_refused(tmp_path: Path) -> None:
    folder = write_table_source(tmp_path / "source", zone=None)
    with pytest.raises(BadInput) as caught:
        read_junction_folder(folder)
    assert [fault.rule for fault in caught.value.faults] == [
        "`pickup_ts` must be a timestamp with a zone; write it as UTC",
        "`dropoff_ts` must be a timestamp with a zone; write it as UTC",
    ]


def test_timestamps_in_another_zone_are_the_same_moments(tmp_path: Path) -> None:
    one = read_junction_folder(write_table_source(tmp_path / "one")).trips
    two = read_junction_folder(write_table_source(tmp_path / "two", zone="Asia/Tokyo")).trips
    assert np.array_equal(one.pickup_utc_s, two.pickup_utc_s)


def test_empty_cells_are_counted_or_become_nan(tmp_path: Path) -> None:
    rows = sample_trips(20)
    rows["pickup_ts"][3] = rows["pickup_lat"][5] = rows["cab_id"][6] = None
    trips = read_junction_folder(write_table_source(tmp_path / "source", trips=rows)).trips
    assert (len(trips), counts(trips.unreadable)) == (19, {"unreadable_time": 1})
    assert np.isnan(trips.pickup_lat).sum() == 1


def test_missing_columns_are_all_named(tmp_path: Path) -> None:
    rows = sample_trips(20)
    del rows["pickup_lat"], rows["dropoff_lon"]
    folder = write_table_source(tmp_path / "source", trips=rows)
    with pytest.raises(BadInput) as caught:
        read_junction_folder(folder)
    assert {fault.rule for fault in caught.value.faults} == {
        "there must be a column `pickup_lat`",
        "there must be a column `dropoff_lon`",
    }


def test_a_repeated_node_id_is_refused(tmp_path: Path) -> None:
    folder = write_table_source(tmp_path / "source")
    lines = (folder / "nodes.csv").read_text().splitlines()
    (folder / "nodes.csv").write_text("\n".join([*lines, lines[1]]) + "\n")
    with pytest.raises(BadInput, match="unique node_id"):
        read_junction_folder(folder)
