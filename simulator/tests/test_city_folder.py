from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from city_samples import tiny_city

from hailsim.faults import BadInput
from hailsim.model import folder as folder_module
from hailsim.model import tables
from hailsim.model.city import City, Network, RoadClass, Trips
from hailsim.model.folder import Provenance, bundled_cities, read_city, write_city

PAPERS = Provenance(
    attribution=("Whoever",), source={"kind": "test"}, import_report={"kept": 1}, texts={"NOTE.md": "made by hand\n"}
)


@pytest.fixture
def city() -> City:
    return tiny_city()


@pytest.fixture
def written(city: City, tmp_path: Path) -> Path:
    write_city(city, tmp_path / "tiny", PAPERS)
    return tmp_path / "tiny"


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "city.json").read_text())
    change(manifest)
    (folder / "city.json").write_text(json.dumps(manifest))


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Change a file and keep its digest right, so that only its contents are wrong."""
    (folder / name).write_bytes(content)
    edit(folder, lambda manifest: manifest["files"].update({name: "sha256:" + hashlib.sha256(content).hexdigest()}))


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_city(folder)
    assert all(fault.rule and fault.value and fault.place and fault.remedy for fault in caught.value.faults)
    return [str(fault) for fault in caught.value.faults]


def test_a_city_round_trips_bit_for_bit(city: City, written: Path) -> None:
    found = read_city(written)
    for name in Network.__slots__:
        assert np.array_equal(getattr(found.network, name), getattr(city.network, name)), name
        assert getattr(found.network, name).dtype == getattr(city.network, name).dtype
    for name in Trips.__slots__:
        assert np.array_equal(getattr(found.trips, name), getattr(city.trips, name)), name
    assert np.array_equal(found.travel_time_factor, city.travel_time_factor)
    assert np.array_equal(found.turn_s, city.turn_s)
    assert np.allclose(found.fleet.active_share, city.fleet.active_share, atol=1e-4)
    plain = (
        "name",
        "timezone",
        "driving_side",
        "day_start_hour",
        "first_day",
        "last_day",
        "holidays",
        "fare",
        "drivers",
        "days",
    )
    assert all(getattr(found, name) == getattr(city, name) for name in plain)
    assert (found.reference_lat_deg, found.reference_lon_deg) == (city.reference_lat_deg, city.reference_lon_deg)


def test_equal_cities_have_equal_digests_and_equal_bytes(city: City, tmp_path: Path) -> None:
    one, two = (write_city(city, tmp_path / name, PAPERS) for name in ("one", "two"))
    assert one == two == read_city(tmp_path / "one").digest
    assert one.startswith("sha256:")
    assert {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda c: replace(c, fleet=replace(c.fleet, taxis=26)),
        lambda c: replace(c, fare=replace(c.fare, per_km_minor=401)),
        lambda c: replace(c, travel_time_factor=c.travel_time_factor + np.float32(0.001)),
        lambda c: replace(c, trips=replace(c.trips, dropoff_link=np.roll(c.trips.dropoff_link, 1))),
        lambda c: replace(c, network=replace(c.network, length_m=c.network.length_m + np.float32(1))),
        lambda c: replace(c, driving_side="right"),
    ],
)
def test_any_change_of_a_city_changes_its_digest(city: City, tmp_path: Path, change: Callable[[City], City]) -> None:
    assert write_city(city, tmp_path / "one", PAPERS) != write_city(change(city), tmp_path / "two", PAPERS)


@pytest.mark.parametrize("name", ["links.npz", "trips.parquet", "NOTE.md"])
def test_a_changed_byte_is_detected(written: Path, name: str) -> None:
    content = bytearray((written / name).read_bytes())
    content[len(content) // 2] ^= 1
    (written / name).write_bytes(bytes(content))
    assert any(name in fault and "changed or damaged" in fault for fault in faults_of(written))


def test_missing_and_damaged_files_are_all_named_at_once(written: Path) -> None:
    (written / "links.npz").unlink()
    (written / "trips.parquet").write_bytes(b"no")
    (written / "NOTE.md").write_text("changed")
    assert len(faults_of(written)) == 3


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda m: m.update(colour="red"), "colour"),
        (lambda m: m.pop("fare"), "fare"),
        (lambda m: m.update(format="hailsim-city/2"), "format"),
        (lambda m: m.update(name="Big City"), "name"),
        (lambda m: m.update(timezone="Asia/Edo"), "IANA"),
        (lambda m: m.update(driving_side="middle"), "driving_side"),
        (lambda m: m.update(day_start_hour=24), "day_start_hour"),
        (lambda m: m.update(first_day="2024-02-30"), "exist in the calendar"),
        (lambda m: m.update(first_day="2024-04-01"), "first_day <= last_day"),
        (lambda m: m["holidays"].append("someday"), "holidays.1"),
        (lambda m: m["fare"].update(per_km_minor=-1), "fare.per_km_minor"),
        (lambda m: m["fare"].update(flag_fall_minor=2.5), "fare.flag_fall_minor"),
        (lambda m: m["fleet"].update(taxis=0), "fleet.taxis"),
        (lambda m: m["fleet"]["active_share"].pop(), "fleet.active_share"),
        (lambda m: m["fleet"].update(active_share=[0.0] * 24), "some taxi must be active"),
        (lambda m: m["travel_time_factor"].__setitem__(7, 0.1), "travel_time_factor.7"),
        (lambda m: m["turn_s"].update(left=-1.0), "turn_s.left"),
        (lambda m: m["demand"].update(kind="guessed"), "demand"),
        (lambda m: m["files"].pop("trips.parquet"), "trips.parquet"),
        (lambda m: m["files"].update({"../escape": "sha256:" + "0" * 64}), "files"),
        (lambda m: m["reference"].update(lat_deg=91.0), "reference.lat_deg"),
    ],
)
def test_city_json_is_closed_and_bounded(written: Path, change: Callable[[dict[str, Any]], object], part: str) -> None:
    edit(written, change)
    assert any(part in fault for fault in faults_of(written))


def test_every_fault_of_city_json_is_named_at_once(written: Path) -> None:
    edit(
        written,
        lambda m: (m["fleet"].update(taxis=0), m["fare"].update(per_km_minor=-1), m.update(day_start_hour=99, colour="red")),
    )
    assert len(faults_of(written)) == 4


@pytest.mark.parametrize("text", ['{"format": NaN}', '{"a": 1, "a": 2}', "[1, 2]", "{", "", "\x00"])
def test_city_json_is_strict_json(written: Path, text: str) -> None:
    (written / "city.json").write_text(text)
    assert "city.json" in faults_of(written)[0]


@pytest.mark.parametrize(
    ("where", "value", "part"),
    [
        (("link_from", 3), -1, "link_from"),
        (("start_x_m", 3), np.nan, "start_x_m"),
        (("end_y_m", 3), np.inf, "end_y_m"),
        (("length_m", 3), 0.0, "length_m"),
        (("length_m", 3), np.nan, "length_m"),
        (("freeflow_s", 3), -1.0, "freeflow_s"),
        (("road_class", 3), 3, "road_class"),
        (("zone", 3), 77, "zone"),
        (("successors", (3, 0)), -5, "a successor is a link"),
        (("successors", (3, 0)), 10_000, "a successor is a link"),
        (("successors", (3, 0)), 3, "begins where the link ends"),
        (("turns", (3, 0)), 4, "NONE exactly in unused slots"),
        (("turns", (3, 3)), 9, "a turn is a Turn"),
    ],
)
def test_invalid_link_values_are_named_with_their_location(
    city: City, written: Path, where: tuple[str, object], value: float, part: str
) -> None:
    name, row = where
    network = replace(city.network, **{name: getattr(city.network, name).copy()})
    getattr(network, name)[row] = value
    replace_file(written, "links.npz", tables.network_bytes(network))
    faults = faults_of(written)
    assert any(part in fault and "link" in fault for fault in faults), faults


def test_a_network_in_two_parts_is_refused(city: City, written: Path) -> None:
    network = city.network
    links, joined = network.links, np.concatenate
    both = replace(
        network,
        **{name: joined([getattr(network, name)] * 2) for name in Network.__slots__ if name != "successors"},
        successors=joined(
            [np.where(network.successors == links, 2 * links, network.successors + shift) for shift in (0, links)]
        ).astype(np.int32),
    )
    both.successors[network.links :][network.successors == links] = 2 * links
    shifted = replace(both, link_from=both.link_from.copy(), link_to=both.link_to.copy())
    shifted.link_from[links:] += 12
    shifted.link_to[links:] += 12
    replace_file(written, "links.npz", tables.network_bytes(shifted))
    assert any("reached from every other" in fault for fault in faults_of(written))


@pytest.mark.parametrize(
    ("where", "value", "part"),
    [
        (("day", 119), 3, "day is in 0..2"),
        (("day", 0), -1, "day is in 0..2"),
        (("appears_s", 5), 86_400, "appears_s"),
        (("pickup_link", 5), 10_000, "pickup_link"),
        (("dropoff_link", 5), -1, "dropoff_link"),
        (("drive_freeflow_s", 5), np.nan, "drive_freeflow_s"),
        (("drive_freeflow_s", 5), 0.0, "drive_freeflow_s"),
        (("distance_m", 5), -3.0, "distance_m"),
        (("appears_s", 5), 0, "sorted"),
    ],
)
def test_invalid_trip_values_are_named_with_their_location(
    city: City, written: Path, where: tuple[str, int], value: float, part: str
) -> None:
    name, row = where
    trips = replace(city.trips, **{name: getattr(city.trips, name).copy()})
    getattr(trips, name)[row] = value
    replace_file(written, "trips.parquet", tables.trips_bytes(trips))
    faults = faults_of(written)
    assert any(part in fault and "row" in fault for fault in faults), faults


def test_a_day_without_trips_is_refused(city: City, written: Path) -> None:
    keep = city.trips.day != 1
    trips = Trips(**{name: getattr(city.trips, name)[keep] for name in Trips.__slots__})
    replace_file(written, "trips.parquet", tables.trips_bytes(trips))
    assert any("has trips" in fault and "day 1" in fault for fault in faults_of(written))


def test_nobody_is_picked_up_on_an_expressway(city: City, written: Path) -> None:
    network = replace(city.network, road_class=np.full(city.network.links, RoadClass.EXPRESS, dtype=np.int8))
    replace_file(written, "links.npz", tables.network_bytes(network))
    assert any("expressway" in fault for fault in faults_of(written))


def test_other_arrays_and_other_types_are_refused(city: City, written: Path, tmp_path: Path) -> None:
    arrays = {name: getattr(city.network, name) for name in Network.__slots__}
    np.savez(tmp_path / "a.npz", **{**arrays, "length_m": arrays["length_m"].astype(np.float64), "zone": arrays["zone"][:-1]})
    replace_file(written, "links.npz", (tmp_path / "a.npz").read_bytes())
    assert len(faults_of(written)) == 2
    arrays.pop("turns")
    np.savez(tmp_path / "b.npz", **arrays, extra=np.zeros(3))
    replace_file(written, "links.npz", (tmp_path / "b.npz").read_bytes())
    assert len(faults_of(written)) == 2


@pytest.mark.parametrize("name", ["links.npz", "trips.parquet"])
def test_a_file_of_another_kind_is_refused(written: Path, name: str) -> None:
    replace_file(written, name, b"not what it says")
    assert name in faults_of(written)[0]


def test_a_non_empty_folder_is_not_overwritten(city: City, written: Path) -> None:
    before = (written / "city.json").read_bytes()
    with pytest.raises(BadInput, match="new or empty"):
        write_city(replace(city, name="other"), written, PAPERS)
    assert (written / "city.json").read_bytes() == before


def test_force_replaces_a_city_but_never_another_folder(city: City, written: Path, tmp_path: Path) -> None:
    write_city(replace(city, name="other"), written, Provenance((), {}, {}), replace=True)
    assert read_city(written).name == "other"
    assert not (written / "NOTE.md").exists()
    precious = tmp_path / "home"
    (precious / "sub").mkdir(parents=True)
    (precious / "city.json").write_text("{}")
    with pytest.raises(BadInput, match="only a city folder"):
        write_city(city, precious, PAPERS, replace=True)
    assert (precious / "sub").is_dir()


def test_a_failed_write_keeps_the_old_city_and_no_files(city: City, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_bytes() for path in written.iterdir()}
    write_bytes = Path.write_bytes

    def full_disk(path: Path, data: bytes) -> int:
        if path.name == "city.json":
            raise OSError(28, "No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_city(replace(city, name="other"), written, PAPERS, replace=True)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before
    assert [path.name for path in written.parent.iterdir()] == ["tiny"]


def test_a_failed_swap_restores_the_old_city(city: City, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def refuse_last(path: Path, target: Path) -> Path:
        if target.name == "tiny" and not path.name.endswith("-old"):
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_last)
    with pytest.raises(OSError, match="Input/output"):
        write_city(replace(city, name="other"), written, PAPERS, replace=True)
    assert read_city(written).name == "tiny"
    assert [path.name for path in written.parent.iterdir()] == ["tiny"]


def test_an_unknown_city_is_refused_with_the_bundled_names(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="manhattan"):
        read_city("atlantis")
    with pytest.raises(BadInput, match="a city is a folder"):
        read_city(tmp_path)
    assert "manhattan" in bundled_cities()


def test_a_value_that_the_format_forbids_is_not_written(city: City, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="travel_time_factor"):
        write_city(replace(city, travel_time_factor=np.full(168, 99.0, np.float32)), tmp_path / "bad", PAPERS)
    assert folder_module.CITY_FILE == "city.json"
    assert not (tmp_path / "bad").exists()
