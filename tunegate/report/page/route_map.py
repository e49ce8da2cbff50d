"""The map of a route check: one file with everything in it, to pan, zoom and click. It makes no request."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from markupsafe import Markup

from tunegate import __version__
from tunegate.domain.routes import U_TURN, Route
from tunegate.gate.routes.check import Blocked, DrawnDay, RouteFindings, RoutePair
from tunegate.gate.routes.measures import RouteMeasures, Yardstick, loops
from tunegate.report import formats
from tunegate.report.messages.route_words import measure_rows, route_status
from tunegate.report.model import RouteReport
from tunegate.report.page.campaign_page import fill_template
from tunegate.report.page.document import SYMBOLS

UNITS_PER_DEGREE = 100_000
# Beside a route, in this order: key in the page, name for people.
_MEASURES = (
    ("km", "km"),
    ("loops", "loops"),
    ("hard", "across the traffic"),
    ("u", "U-turns"),
    ("dry", "min without a chance"),
    ("left", "left the area"),
)


@dataclass(frozen=True, slots=True)
class RouteMap:
    """What the map shows: the report of the check, the routes themselves, and the page of the campaign."""

    region: str
    campaign: str
    report: RouteReport
    days: Sequence[DrawnDay]
    report_href: str


def render_route_map(shown: RouteMap) -> str:
    """The page as text; write it as UTF-8. The same for the same routes."""
    findings, policy = shown.report.findings, shown.report.policy
    tone, word = route_status(findings)
    script = _script()
    return fill_template(
        "routes.html",
        title=f"Routes of {formats.region(shown.region)}",
        subtitle=f"{shown.campaign} · {shown.report.drawn}",
        tone=tone.value,
        symbol=SYMBOLS[tone],
        word=word,
        reasons=findings.result.reasons if isinstance(findings.result, Blocked) else (),
        rows=measure_rows(findings, policy.limits),
        days=[{"value": day.day.isoformat(), "text": formats.day(day.day)} for day in shown.days],
        hours=sorted({pair.hour for pair in findings.pairs}),
        report_href=shown.report_href,
        footer=f"Made by tunegate {__version__}. Taxis on this map are simulated; nobody's real journey is shown.",
        data=Markup(_safe_json(_data(shown.days, findings, policy.yardstick))),  # noqa: S704 made inert by _safe_json
        script=Markup(script),  # noqa: S704 our own files
        script_hash=_csp_hash(script),
    )


def encode(lon: Sequence[float], lat: Sequence[float], origin: tuple[float, float]) -> list[int]:
    """A line in whole units east and north of the origin: the first point absolute, the others as differences."""
    units = [
        round((degrees - start) * UNITS_PER_DEGREE)
        for point in zip(lon, lat, strict=True)
        for degrees, start in zip(point, origin, strict=True)
    ]
    return units[:2] + [after - before for before, after in zip(units, units[2:], strict=False)]


def _data(days: Sequence[DrawnDay], findings: RouteFindings, yardstick: Yardstick) -> dict[str, Any]:
    """Routes by what changed most: least in common first."""
    routes = {
        (day.day, route.hour, route.start): (route, other)
        for day in days
        for route, other in zip(day.production.routes, day.candidate.routes, strict=True)
    }
    first = next((day.production.routes[0] for day in days if day.production.routes), None)
    origin = (0.0, 0.0) if first is None else (first.lon[0], first.lat[0])
    roads = [encode(line[0::2], line[1::2], origin) for day in days for line in day.production.roads]
    pairs = sorted(findings.pairs, key=lambda pair: (pair.common, pair.day, pair.hour, pair.start))
    listed = [
        _pair(number, pair, *routes[pair.day, pair.hour, pair.start], origin, yardstick) for number, pair in enumerate(pairs)
    ]
    return {"origin": list(origin), "roads": roads, "measures": [list(one) for one in _MEASURES], "routes": listed}


def _pair(  # noqa: PLR0917
    number: int, pair: RoutePair, production: Route, candidate: Route, origin: tuple[float, float], yardstick: Yardstick
) -> dict[str, Any]:
    return {
        "id": number,
        "day": pair.day.isoformat(),
        "when": f"{formats.weekday(pair.day)} {formats.short_day(pair.day)}, {pair.hour:02d}:00",
        "hour": pair.hour,
        "start": pair.start,
        "common": round(pair.common, 4),
        "changed": pair.changed,
        "p": _arm(production, pair.production, origin, yardstick),
        "c": _arm(candidate, pair.candidate, origin, yardstick),
    }


def _arm(route: Route, measures: RouteMeasures, origin: tuple[float, float], yardstick: Yardstick) -> dict[str, Any]:
    u_turns = (number for number, turn in enumerate(route.turns) if turn == U_TURN)
    return {
        "line": encode(route.lon, route.lat, origin),
        "dots": sorted({*loops(route, yardstick), *u_turns}),
        "km": round(measures.metres / 1000.0, 1),
        "loops": measures.loops,
        "hard": measures.hard_turns,
        "u": measures.u_turns,
        "dry": round(measures.longest_dry_s / 60.0, 1),
        "left": "yes" if measures.left_area else "no",
    }


def _script() -> str:
    folder = resources.files("tunegate.report.page").joinpath("templates")
    return "\n".join(folder.joinpath(name).read_text("utf-8") for name in ("map.js", "routes.js"))


def _csp_hash(script: str) -> str:
    """What the page's policy lets run: this script and no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _safe_json(content: object) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(content, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
