"""A city is imported once for each content of its data, and is there whole or not at all."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tunegate.adapters.simulator.city_import import CityImporter
from tunegate.domain.errors import BadInput

IMPORTER = Path(__file__).parents[2] / "simulators" / "importer.py"


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "city.txt").write_text("first")
    return folder


@pytest.fixture
def importer(tmp_path) -> CityImporter:
    return CityImporter((sys.executable, "-S", str(IMPORTER)), "toy 1.0", tmp_path / "home" / "cities")


def imports(source: Path) -> int:
    log = source.parent / "imports.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def left_over(importer: CityImporter) -> set[str]:
    return {path.name for path in importer.cities.glob("*/*")} - {"toyland", "toyland.import.json", "toyland.lock"}


def kept(importer: CityImporter, name: str) -> Path:
    (found,) = importer.cities.glob(f"*/{name}")
    return found


async def test_a_city_is_imported_under_its_region_with_the_words_of_the_importer(importer, source):
    city = await importer.city_of("toyland", source)
    assert (city.fresh, city.messages) == (True, ("3 trips rejected: outside the network",))
    assert (city.folder.name, city.folder.parent.parent) == ("toyland", importer.cities)
    assert (city.folder / "name.txt").read_text() == "toyland"
    assert {path.name for path in city.folder.iterdir()} == {"city.txt", "half.txt", "name.txt"}
    assert left_over(importer) == set()


async def test_the_same_data_is_imported_once_and_its_words_are_said_again(importer, source):
    first = await importer.city_of("toyland", source)
    again = await importer.city_of("toyland", source)
    assert again == replace(first, fresh=False)
    assert imports(source) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda importer, source: (source / "city.txt").write_text("other"),
        lambda importer, source: (source / "more.txt").touch(),
        lambda importer, source: (
            (source / "city.txt").rename(source / "CITY.txt") and (source / "city.txt").write_text("first")
        ),
        lambda importer, source: kept(importer, "toyland/city.txt").unlink(),
        lambda importer, source: kept(importer, "toyland/city.txt").write_text("cut"),
        lambda importer, source: kept(importer, "toyland.import.json").write_text("{"),
        lambda importer, source: kept(importer, "toyland.import.json").write_text("[]"),
    ],
    ids=["content", "new file", "renamed file", "city file gone", "city file cut", "record torn", "record of another kind"],
)
async def test_changed_data_or_a_damaged_city_is_imported_anew(importer, source, change):
    await importer.city_of("toyland", source)
    change(importer, source)
    city = await importer.city_of("toyland", source)
    assert city.fresh
    assert (city.folder / "city.txt").read_text() == (source / "city.txt").read_text()
    assert imports(source) == 2
    assert left_over(importer) == set()


async def test_a_new_version_of_the_simulator_imports_anew(importer, source):
    await importer.city_of("toyland", source)
    assert (await replace(importer, made_by="toy 1.1").city_of("toyland", source)).fresh


async def test_new_data_leave_the_city_of_a_running_campaign_alone(importer, source):
    running = await importer.city_of("toyland", source)
    (source / "city.txt").write_text("next month")
    fresh = await importer.city_of("toyland", source)
    assert fresh.folder != running.folder
    assert (running.folder / "city.txt").read_text() == "first"


async def test_the_same_data_make_a_city_of_the_same_name_and_place_on_every_machine(importer, source, tmp_path):
    here = await importer.city_of("toyland", source)
    there = await replace(importer, cities=tmp_path / "elsewhere").city_of("toyland", source)
    assert here.folder.relative_to(importer.cities) == there.folder.relative_to(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("refuse", r"exit code 2:\ntrips\.csv, line 7: a time must have a zone, but got 2008-05-17 04:00"),
        ("crash", r"(?s)exit code 1:\n.*SystemError: a bug of the importer"),
        ("nothing", "an import must make a city folder"),
    ],
)
async def test_a_failed_import_is_bad_input_and_leaves_the_city_as_it_was(importer, source, text, words):
    before = await importer.city_of("toyland", source)
    (source / "city.txt").write_text(text)
    with pytest.raises(BadInput, match=words):
        await importer.city_of("toyland", source)
    assert (before.folder / "city.txt").read_text() == "first"
    assert left_over(importer) == set()
    (source / "city.txt").write_text("first")
    assert not (await importer.city_of("toyland", source)).fresh


async def test_data_that_is_not_there_is_bad_input(importer, tmp_path):
    with pytest.raises(BadInput, match=r"nowhere: city data must exist.*simulator\.city_source"):
        await importer.city_of("toyland", tmp_path / "nowhere")


async def test_an_import_that_never_ends_is_stopped(importer, source):
    (source / "city.txt").write_text("hang")
    with pytest.raises(BadInput, match=r"still running after 0\.5 s"):
        await replace(importer, timeout_s=0.5).city_of("toyland", source)
    assert left_over(importer) == set()


async def test_a_cancelled_import_leaves_nothing(importer, source):
    (source / "city.txt").write_text("hang")
    importing = asyncio.create_task(importer.city_of("toyland", source))
    await asyncio.sleep(0.3)
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert not list(importer.cities.glob("*/toyland"))
    assert left_over(importer) == set()


async def test_two_campaigns_that_need_a_city_at_once_import_it_once(importer, source):
    cities = await asyncio.gather(*(importer.city_of("toyland", source) for _ in range(3)))
    assert sorted(city.fresh for city in cities) == [False, False, True]
    assert imports(source) == 1
