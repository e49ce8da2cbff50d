"""`hailsim calibrate` on a small city whose cabs were recorded in a world with known settings, and on every bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from small_city import FIRST_DAY, small_city

from hailsim.calibration.calibrate import Draws, fit, shares_of
from hailsim.calibration.command import calibrate_command
from hailsim.calibration.options import parse_options, read_request
from hailsim.calibration.unknowns import draw
from hailsim.faults import BadInput
from hailsim.model.calendar import History
from hailsim.model.city import City, Trips
from hailsim.model.folder import Provenance, read_city, read_observed, write_city
from hailsim.model.settings import read_settings
from hailsim.model.simulation import Scenario, run_day
from hailsim.model.world import make_world
from hailsim.planner.parameters import read_parameters
from hailsim.protocol.schema import schema
from hailsim.validation.simulated import simulated_day

DAYS = f"{FIRST_DAY + timedelta(days=4)}..{FIRST_DAY + timedelta(days=6)}"
TRAFFIC_FACTOR = 1.1
QUICK = ["--worlds", "8", "--draws", "64", "--processes", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city in whose records as many trips stand as a simulated fleet served, beside what its cabs did."""
    city = small_city(days=9, trips_per_day=500, taxis=14)
    world, history = make_world(city), History(FIRST_DAY, FIRST_DAY)
    settings = read_settings(
        {
            "patience_s": 500.0,
            "standing_share": 0.2,
            "latent_factor": 1.0,
            "traffic_factor": TRAFFIC_FACTOR,
            "follower_share": 0.0,
        }
    )
    cabs, customers = [], 0
    for offset in range(1, 9):
        day = FIRST_DAY + timedelta(days=offset)
        outcome = run_day(world, Scenario(read_parameters({}), settings, "statistics", history), day, 77)
        cabs.append(simulated_day(outcome, city, world.graph, day, TRAFFIC_FACTOR))
        customers += len(outcome.customers.link)
    served = sum(day.trip_s.count for day in cabs)
    path = tmp_path_factory.mktemp("cities") / "small"
    write_city(thinned(city, served / customers), path, Provenance((), {}, {}), observed=cabs)
    return path


def thinned(city: City, share: float) -> City:
    """The city with a share of its trips recorded."""
    kept = np.random.default_rng(6).random(len(city.trips)) < share
    names = ("day", "appears_s", "pickup_link", "dropoff_link", "drive_freeflow_s", "distance_m")
    return replace(city, trips=Trips(**{name: getattr(city.trips, name)[kept] for name in names}))


def calibrate(folder: Path, out: Path, *more: str) -> dict[str, Any]:
    assert calibrate_command([str(folder), "--days", DAYS, "--out", str(out), *QUICK, *more]) == 0
    document: dict[str, Any] = json.loads(out.read_bytes())
    jsonschema.Draft202012Validator(schema("worlds")).validate(document)
    return document


def test_the_worlds_fit_the_schema_and_recover_the_traffic(folder: Path, tmp_path: Path) -> None:
    document = calibrate(folder, tmp_path / "worlds.json", "--draws", "128")
    assert document["format"] == "worlds/1"
    assert document["simulator"]["name"] == "hailsim"
    assert document["city"] == {"name": "small", "digest": read_city(folder).digest}
    assert len(document["worlds"]) == 8
    assert sum(world["weight"] for world in document["worlds"]) == pytest.approx(1.0, abs=1e-5)
    unknowns = {unknown["name"]: unknown for unknown in document["unknowns"]}
    for world in document["worlds"]:
        assert set(world["settings"]) == set(unknowns)
        read_settings(world["settings"])
    traffic = unknowns["traffic_factor"]
    assert traffic["calibrated"]
    assert traffic["interval_90"]["low"] <= TRAFFIC_FACTOR <= traffic["interval_90"]["high"]
    assert traffic["interval_90"]["high"] - traffic["interval_90"]["low"] < 0.7 * (1.25 - 0.8)
    assert document["check"]["days"] == {"first": "2024-03-11", "last": "2024-03-12"}
    assert document["calibration"]["history"] == {"first": "2024-03-04", "last": "2024-03-07"}


def test_adoption_keeps_its_prior_whatever_is_accepted(folder: Path, tmp_path: Path) -> None:
    first = calibrate(folder, tmp_path / "first.json")
    shifted = f"{FIRST_DAY + timedelta(days=5)}..{FIRST_DAY + timedelta(days=7)}"
    second = calibrate(folder, tmp_path / "second.json", "--days", shifted)
    assert first["worlds"] != second["worlds"]
    for document in (first, second):
        unknowns = {unknown["name"]: unknown for unknown in document["unknowns"]}
        assert unknowns["follower_share"]["r_squared"] is None
        assert not unknowns["follower_share"]["calibrated"]
        shares = sorted((world["settings"]["follower_share"] - 0.05) / 0.45 for world in document["worlds"])
        assert [int(share * 8) for share in shares] == list(range(8)), "one world in each eighth of the prior"


@pytest.mark.slow
def test_the_file_is_the_same_byte_for_byte_with_one_process_and_with_three(folder: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.json" for name in ("one", "again", "three", "other")]
    for file, more in zip(files, ((), (), ("--processes", "3"), ("--seed", "2")), strict=True):
        calibrate(folder, file, *more)
    one, again, three, other = (file.read_bytes() for file in files)
    assert one == again == three
    assert one != other
    assert one == json.dumps(json.loads(one), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def test_people_get_tables_progress_and_a_page(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    calibrate(folder, tmp_path / "worlds.json", "--page", str(page))
    printed = capsys.readouterr()
    assert "Not calibrated, because the records say too little about them: follower_share" in printed.out
    assert "On other days, 2024-03-11 to 2024-03-12" in printed.out
    assert "draws: 64 of 64" in printed.err
    text = page.read_text("utf-8")
    assert text.count("<svg") == 6 + 6 + 2
    for name in ("patience_s", "latent_factor", "Pickups by hour", "Mean search by hour"):
        assert name in text
    assert "<script" not in text
    assert "http" not in text.replace("http-equiv", "")
    assert "nan" not in text


def test_programs_get_the_document_alone_on_stdout(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "worlds.json"
    calibrate(folder, out, "--json")
    assert capsys.readouterr().out.encode() == out.read_bytes()


def test_a_check_measures_coverage_and_stands_in_the_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = calibrate(folder, tmp_path / "worlds.json", "--check", "--test-worlds", "40", "--draws", "128")
    assert "40 test worlds from the prior" in capsys.readouterr().out
    coverage = document["coverage"]
    assert {row["name"] for row in coverage["unknowns"]} == {"patience_s", "latent_factor", "standing_share", "traffic_factor"}
    for row in coverage["unknowns"]:
        # 40 test worlds: three standard errors below the aim.
        assert row["covered"] >= 0.85 - 3 * (0.85 * 0.15 / 40) ** 0.5
    assert next(row for row in coverage["unknowns"] if row["name"] == "traffic_factor")["width"] < 0.9


def test_a_check_alone_needs_no_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(folder), "--days", DAYS, *QUICK, "--check", "--test-worlds", "8", "--json"]
    assert calibrate_command(arguments) == 0
    assert json.loads(capsys.readouterr().out)["test_worlds"] == 8


def test_a_known_setting_is_no_unknown_and_is_simulated_with(folder: Path, tmp_path: Path) -> None:
    document = calibrate(folder, tmp_path / "worlds.json", "--set", "traffic_factor=1.1", "--unknown", "patience_s=400..600")
    unknowns = {unknown["name"]: unknown for unknown in document["unknowns"]}
    assert "traffic_factor" not in unknowns
    assert document["calibration"]["settings"] == {"traffic_factor": 1.1}
    assert (unknowns["patience_s"]["low"], unknowns["patience_s"]["log"]) == (400.0, False)
    assert all(400 <= world["settings"]["patience_s"] <= 600 for world in document["worlds"])


def test_a_worlds_file_is_a_prior_for_the_next_calibration(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    calibrate(folder, first, "--unknown", "patience_s=400..600")
    calibrate(folder, second, "--prior", str(first))
    assert first.read_bytes() == second.read_bytes()


def test_a_city_without_cab_records_is_calibrated_by_its_trips(folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    write_city(read_city(folder), bare, Provenance((), {}, {}))
    assert read_observed(bare) == ()
    document = calibrate(bare, tmp_path / "worlds.json")
    observed = {figure["name"]: figure["observed"] for figure in document["check"]["figures"]}
    assert observed["trips a day"] > 0
    assert observed["search, mean"] is None
    assert not next(unknown for unknown in document["unknowns"] if unknown["name"] == "traffic_factor")["calibrated"]


def test_days_before_the_calibrated_ones_are_the_history_unless_named(folder: Path) -> None:
    city, recorded = read_city(folder), read_observed(folder)
    base = [str(folder), "--days", DAYS, "--out", "w.json"]
    request = read_request(parse_options(base), city, recorded)
    assert request.source.history == History(FIRST_DAY, FIRST_DAY + timedelta(days=3))
    assert [day.isoformat() for day in request.check_days] == ["2024-03-11", "2024-03-12"]
    named = read_request(
        parse_options([*base, "--history", "2024-03-05..2024-03-06", "--check-days", "2024-03-12"]), city, recorded
    )
    assert named.source.history == History(date(2024, 3, 5), date(2024, 3, 6))
    assert named.check_days == (date(2024, 3, 12),)


BAD_INPUT: dict[str, tuple[Sequence[str], str, str]] = {
    "no days": (["--days", "2024-03-08"], "at least 2 days", "--days"),
    "days outside": (["--days", "2024-03-08..2024-04-08"], "covered by the city's records", "2024-03-04..2024-03-12"),
    "days backwards": (["--days", "2024-03-08..2024-03-06"], "days run forwards", "--days"),
    "no date": (["--days", "yesterday"], "FIRST..LAST", "yesterday"),
    "no history": (["--days", "2024-03-04..2024-03-06"], "days before them", "--days"),
    "history too late": (["--history", "2024-03-04..2024-03-09"], "the history must end before the days", "--history"),
    "check days too early": (["--check-days", "2024-03-09"], "must lie after the calibrated ones", "--check-days"),
    "one world": (["--worlds", "1"], "2 <= --worlds", "One world says nothing"),
    "negative worlds": (["--worlds", "-4"], "2 <= --worlds", "-4"),
    "negative draws": (["--draws", "-1"], "--draws", "-1"),
    "few draws": (["--draws", "31"], "at least 4 draws a world", "31 draws for 8 worlds"),
    "negative seed": (["--seed", "-1"], "0 <= --seed", "-1"),
    "no process": (["--processes", "0"], "1 <= --processes", "0"),
    "no test worlds": (["--check", "--test-worlds", "0"], "1 <= --test-worlds", "0"),
    "unknown setting": (["--unknown", "patience=1..2"], "`hailsim describe` lists", "patience"),
    "unknown twice": (["--unknown", "taxis=1..2", "--unknown", "taxis=1..3"], "named once", "taxis"),
    "known and unknown": (["--unknown", "taxis=1..2", "--set", "taxis=3"], "known or unknown", "taxis"),
    "set not a number": (["--set", "taxis=many"], "NAME=VALUE with a number", "taxis=many"),
    "set no setting": (["--set", "taxi=3"], "`hailsim describe` lists", "taxi"),
    "no prior file": (["--prior", "nowhere.json"], "readable JSON file", "nowhere.json"),
    "no folder": (["--out", "nowhere/worlds.json"], "the folder of --out must exist", "nowhere"),
    "out is a folder": (["--out", "."], "--out names a file", "the folder ."),
    "page without a folder": (["--page", "nowhere/page.html"], "the folder of --page must exist", "nowhere"),
    "nothing fits": (["--set", "taxis=1"], "within the range of the draws", "trips a day"),
    "nothing to learn": (
        [f"--set={name}=1" for name in ("latent_factor", "traffic_factor")]
        + ["--set=patience_s=300", "--set=standing_share=0"],
        "records must be able to say something",
        "follower_share",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_clear_error_and_nothing_is_written(
    case: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    more, rule, value = BAD_INPUT[case]
    monkeypatch.chdir(tmp_path)
    arguments = [str(folder), "--days", DAYS, "--out", "worlds.json", *QUICK, *more]
    assert calibrate_command(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("•") == 1
    assert rule in printed.err
    assert value in printed.err
    assert list(tmp_path.iterdir()) == []


def test_no_draw_fits_figures_that_contradict_each_other(folder: Path) -> None:
    arguments = [str(folder), "--days", DAYS, "--out", "w.json", *QUICK]
    request = read_request(parse_options(arguments), read_city(folder), read_observed(folder))
    values = draw(request.simulated, 64, seed=1)
    shares = shares_of(request, values)
    # Trips, and trips less a little of the first unknown: each moves freely, and their difference hardly.
    figures = np.zeros((64, len(request.specs)))
    figures[:, 0] = 10.0 * shares[:, 1]
    figures[:, 1] = figures[:, 0] - shares[:, 0]
    observed = np.full(len(request.specs), np.nan)
    observed[:2] = 9.0, 2.0
    with pytest.raises(BadInput, match="some draw must come within a misfit of 3 standard errors") as refused:
        fit(request, Draws(values, shares, figures), observed)
    assert "for the best of 64" in refused.value.faults[0].value
    observed[:2] = 5.0, 4.5
    _, accepted = fit(request, Draws(values, shares, figures), observed)
    assert accepted.misfits[0] < 3.0


@pytest.mark.slow
def test_a_fault_in_a_worker_process_is_the_same_error(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "worlds.json"
    arguments = [str(folder), "--days", DAYS, "--out", str(out), *QUICK, "--unknown", "traffic_factor=3.9..4"]
    empty = tmp_path / "long_links"
    city = read_city(folder)
    network = replace(
        city.network, freeflow_s=np.where(np.arange(city.network.links) == 0, 900, city.network.freeflow_s).astype(np.float32)
    )
    write_city(replace(city, network=network), empty, Provenance((), {}, {}), observed=read_observed(folder))
    errors = []
    for processes in ("1", "2"):
        assert calibrate_command([str(empty), *arguments[1:], "--processes", processes]) == 2
        errors.append([line for line in capsys.readouterr().err.splitlines() if "•" in line])
    assert "every link must take less than 4095 s" in errors[0][0]
    assert errors[0] == errors[1]
    assert not out.exists()


@pytest.mark.slow
def test_an_interrupted_calibration_writes_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "worlds.json"
    arguments = ["calibrate", str(folder), "--days", DAYS, "--out", str(out), "--draws", "60000", "--processes", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "hailsim", *arguments], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("draws: ")
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted, nothing was written" in error
    assert "Traceback" not in error
    assert not out.exists()


def test_all_wrong_counts_are_named_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate_command([str(folder), "--worlds", "0", "--draws", "0"]) == 2
    error = capsys.readouterr().err
    assert error.count("•") == 4
    for flag in ("--days", "--out", "--worlds", "--draws"):
        assert flag in error


def test_an_unknown_city_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["atlantis", "--days", DAYS, "--out", str(tmp_path / "worlds.json")]
    assert calibrate_command(arguments) == 2
    assert "atlantis" in capsys.readouterr().err


def test_a_failed_write_leaves_the_old_file_whole(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "worlds.json"
    out.write_text("old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert calibrate_command([str(folder), "--days", DAYS, "--out", str(out), *QUICK]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_the_command_is_listed_and_explains_itself() -> None:
    usage = subprocess.run([sys.executable, "-m", "hailsim", "--help"], capture_output=True, text=True, check=True, timeout=60)
    assert "calibrate CITY" in usage.stdout
    explained = subprocess.run(
        [sys.executable, "-m", "hailsim", "calibrate", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    for flag in ("--days", "--worlds", "--out", "--draws", "--unknown", "--prior", "--page", "--check"):
        assert flag in explained.stdout


@pytest.mark.parametrize(
    ("document", "valid"),
    [
        ({"worlds": [{"settings": {"a": 1}, "weight": 1}, {"settings": {"a": 2}, "weight": 3}]}, True),
        ({"worlds": [{"settings": {"a": 1}, "weight": 1}]}, False),
        ({"worlds": [{"settings": {"a": 1}, "weight": 1}, {"settings": {"a": 2}, "weight": -3}]}, False),
        ({"worlds": [{"settings": {"a": 1}}, {"settings": {"a": 2}}]}, False),
        ({"worlds": [{"settings": {}, "weight": 1}, {"settings": {"a": 2}, "weight": 1}]}, False),
        ({"format": "worlds/2", "worlds": [{"settings": {"a": 1}, "weight": 1}, {"settings": {"a": 2}, "weight": 3}]}, False),
    ],
)
def test_worlds_written_by_hand_need_settings_and_weights_alone(document: object, valid: bool) -> None:
    assert jsonschema.Draft202012Validator(schema("worlds")).is_valid(document) is valid
