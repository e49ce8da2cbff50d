"""Both maps in a real browser: they pan, zoom and answer to clicks and keys, in light and dark, and ask nobody for anything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.services.browser import chromium, opened
from tests.unit.gate.test_routes import LIMITS, OPEN, POLICY, answer, route
from tunegate.gate.routes.check import DrawnDay, check_routes
from tunegate.gate.routes.policy import Limit
from tunegate.report.model import RouteReport
from tunegate.report.page.route_map import RouteMap, render_route_map

pytestmark = pytest.mark.slow

DAY = date(2026, 3, 2)
STREET = tuple(0.001 * k for k in range(7))
UP, FLAT, HIGH = (0.004, 0.004, 0.005, 0.005, 0.006, 0.006, 0.007), (0.0,) * 7, (0.004,) * 7
HAILSIM = [sys.executable, "-m", "hailsim"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def route_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two starts: the first is the same for both arms, the second another street altogether; region names are hostile."""
    same = route("abcdef", lon=STREET, lat=FLAT)
    production, other = route("uvwxyz", lon=STREET, lat=HIGH), route("unopqr", "-LLLLU", lon=STREET, lat=UP)
    roads = ((0.0, 0.0, 0.006, 0.0), (0.0, 0.003, 0.006, 0.003))
    days = [DrawnDay(DAY, answer(same, production, roads=roads), answer(same, other))]
    policy = replace(POLICY, limits=replace(LIMITS, hard_turns_per_10_km=Limit(1.0, None), loops_per_hour=OPEN))
    report = RouteReport(check_routes(days, policy), policy, "4 routes </script><b>")
    path = tmp_path_factory.mktemp("maps") / "toy-routes.html"
    path.write_text(render_route_map(RouteMap("to</script>y", "toy-1", report, days, "toy-1.html")), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trace_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    """A real day of a real taxi, with its lines."""
    path = tmp_path_factory.mktemp("trace") / "day.html"
    few = ["--set", "taxis=60", "--set", "latent_factor=0.2", "--day", "2015-01-06", "--history-days", "7"]
    ran = subprocess.run(
        [*HAILSIM, "trace", "manhattan", *few, "--map", str(path)], capture_output=True, text=True, timeout=240, check=True
    )
    return path, [json.loads(line) for line in ran.stdout.splitlines()]


def view_of(page: Page) -> tuple[float, float, float]:
    """Scale and offset of the map, once it is drawn."""
    page.wait_for_function("document.getElementById('map').dataset.view")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    scale, x, y = page.evaluate("document.getElementById('map').dataset.view").split(" ")
    return float(scale), float(x), float(y)


def dragged(page: Page, dx: int, dy: int) -> None:
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 200 + dx, box["y"] + 200 + dy, steps=4)
    page.mouse.up()


def test_the_route_map_pans_by_dragging_and_by_keys_and_zooms_by_wheel_buttons_and_keys(
    browser: Browser, route_page: Path
) -> None:
    with opened(browser, route_page) as page:
        scale, x, y = view_of(page)
        dragged(page, 70, -40)
        assert view_of(page) == pytest.approx((scale, x + 70, y - 40), abs=0.01)
        page.mouse.wheel(0, -200)
        zoomed = view_of(page)[0]
        assert zoomed > 1.3 * scale
        page.click("#out")
        assert view_of(page)[0] == pytest.approx(zoomed / 1.4, rel=1e-3)
        page.focus("#map")
        before = view_of(page)
        page.keyboard.press("ArrowLeft")
        assert view_of(page) == pytest.approx((before[0], before[1] + 60, before[2]), abs=0.01)
        page.keyboard.press("+")
        assert view_of(page)[0] == pytest.approx(1.4 * before[0], rel=1e-3)
        page.keyboard.press("0")
        assert view_of(page)[0] == pytest.approx(scale, rel=1e-3)


def test_a_route_is_chosen_by_a_click_on_the_map_and_by_the_keyboard_in_the_list(browser: Browser, route_page: Path) -> None:
    with opened(browser, route_page) as page:
        items = page.locator("#list button")
        assert items.count() == 2
        assert "17 % in common" in items.nth(0).inner_text(), "most changed first"
        assert items.nth(0).get_attribute("aria-current") == "true"
        assert "start 2" in page.locator("#details").inner_text()
        page.click("#everything")
        page.click("#fit")
        view_of(page)
        x, y = page.evaluate("map.pixel('c-1', 3)")
        page.mouse.click(*centred(page, x, y))
        assert items.nth(1).get_attribute("aria-current") == "true"
        assert "start 1" in page.locator("#details").inner_text()
        items.nth(0).focus()
        page.keyboard.press("Enter")
        assert "start 2" in page.locator("#details").inner_text()
        page.click("#changed")
        assert items.count() == 1
        assert "1 of 2 routes" in page.locator("#count").inner_text()


def centred(page: Page, x: float, y: float) -> tuple[float, float]:
    box = page.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + x, box["y"] + y


def test_the_route_page_says_what_blocks_and_shows_text_of_others_as_text(browser: Browser, route_page: Path) -> None:
    with opened(browser, route_page) as page:
        assert "blocked" in page.locator(".pill").inner_text()
        assert "turns across the traffic" in page.locator(".side .broken").first.inner_text()
        assert "To</Script>Y" in page.locator("h1").inner_text()
        assert page.get_by_role("link", name="The report of this campaign").get_attribute("href") == "toy-1.html"


@pytest.mark.parametrize(("scheme", "ink"), [("light", [181, 64, 13]), ("dark", [255, 159, 107])])
def test_the_candidate_is_drawn_in_the_colour_of_the_theme(
    browser: Browser, route_page: Path, scheme: str, ink: list[int]
) -> None:
    with opened(browser, route_page, color_scheme=scheme) as page:
        view_of(page)
        x, y = page.evaluate("map.pixel('c-0', 3)")
        found = page.evaluate(
            "([x, y]) => [...document.getElementById('map').getContext('2d').getImageData(x, y, 1, 1).data].slice(0, 3)", [x, y]
        )
        assert found == pytest.approx(ink, abs=3)


def test_the_pages_fit_a_phone(browser: Browser, route_page: Path, trace_files: tuple[Path, object]) -> None:
    for path in (route_page, trace_files[0]):
        with opened(browser, path, viewport={"width": 390, "height": 800}) as page:
            view_of(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_slider_leads_through_the_day_of_a_taxi(
    browser: Browser, trace_files: tuple[Path, list[dict[str, object]]]
) -> None:
    path, lines = trace_files
    pickup = next(line for line in lines if line["event"] == "pickup")
    dropoff = next(line for line in lines if line["event"] == "dropoff")
    start = next(line for line in lines if line["event"] == "shift_start")
    with opened(browser, path) as page:
        assert page.locator("#clock").inner_text() == start["clock"]
        page.locator("#time").evaluate("(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }",
                                       int(pickup["at_s"]) + 1)  # fmt: skip
        assert page.locator("#state").inner_text() == "with a customer"
        page.focus("#time")
        page.keyboard.press("End")
        assert page.locator("#clock").inner_text() >= str(dropoff["clock"]) or "0" in page.locator("#clock").inner_text()
        page.locator("#list button", has_text="pickup").first.click()
        assert page.locator("#clock").inner_text() == pickup["clock"]


def test_a_click_on_the_taxis_way_leads_to_that_moment_and_the_map_pans(
    browser: Browser, trace_files: tuple[Path, list[dict[str, object]]]
) -> None:
    path, lines = trace_files
    pickup = next(line for line in lines if line["event"] == "pickup")
    with opened(browser, path) as page:
        page.locator("#list button", has_text="pickup").first.click()
        before = view_of(page)
        dragged(page, 30, 20)
        assert view_of(page) == pytest.approx((before[0], before[1] + 30, before[2] + 20), abs=0.01)
        leg, at = page.evaluate("(second) => [legAt(second), legs[legAt(second)].at.length - 1]", pickup["at_s"])
        page.mouse.click(*centred(page, *page.evaluate("([leg, at]) => map.pixel(`leg-${leg}`, at)", [leg, at])))
        reached = page.evaluate("Number(document.getElementById('time').value)")
        assert reached != pickup["at_s"]
        page.click("#play")
        page.wait_for_function("(before) => Number(document.getElementById('time').value) > before", arg=reached)
        page.click("#play")
        assert page.locator("#play").inner_text() == "Play"
