"""The report of an import as text: one line per topic, with an example of everything repaired or rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_EXAMPLE_CHARACTERS = 90


def format_report(report: Mapping[str, Any]) -> str:
    """The report of an import as text."""
    network, trips, days = report["network"], report["trips"], report["days"]
    pickup, dropoff = report["snapping_m"]["pickup"], report["snapping_m"]["dropoff"]
    traffic, fleet = report["travel_time"], report["fleet"]
    rejected = ", ".join(f"{count:,} {_words(kind)}" for kind, count in trips["rejected"].items()) or "none"
    lines = {
        "network": f"{network['links_kept']:,} links, {network['km_kept']:,.0f} km; "
        f"cut {network['links_cut']:,} links, {network['share_cut']:.2%} of the km",
        "days": f"{days['first']} to {days['last']}, {days['covered']} whole days from {days['day_start_hour']:02d}:00; "
        f"{len(days['left_out'])} others left out{_strays(days)}",
        "trips": f"{trips['kept']:,} of {trips['read']:,} kept; rejected: {rejected}",
        "snapping": f"pick-up median {pickup['p50']} m, 95 % within {pickup['p95']} m; "
        f"drop-off {dropoff['p50']} m, {dropoff['p95']} m",
        "traffic": f"{min(traffic['by_hour']):.2f} to {max(traffic['by_hour']):.2f} times free flow ({traffic['from']})",
        "fleet": f"{fleet['taxis']:,} taxis, {fleet['mean_active_share']:.0%} of them active on average ({fleet['from']})",
    }
    rows = [*lines.items(), *_findings(report), *(("WARNING", text) for text in report.get("warnings", ()))]
    rows.append(("digest", report["digest"]))
    return f"{report['city']} → {report['out']}\n" + "".join(f"  {name:<9} {line}\n" for name, line in rows)


def _findings(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A line for every kind of repair and rejection, with its example."""
    network = report["network"]
    repaired = {**network["repairs"], **network.get("reading", {}), **report["trips"].get("repaired", {})}
    rejected = {**report["trips"]["rejected"], **report.get("vacant_runs", {})}
    for name, found in (("repaired", repaired), ("rejected", rejected)):
        for kind, count in found.items():
            if kind in report["examples"]:
                yield name, f"{count:,} {_words(kind)}, such as {report['examples'][kind][:_EXAMPLE_CHARACTERS]}"


def _strays(days: Mapping[str, Any]) -> str:
    strays = days.get("stray_trips_by_year", {})
    years = ", ".join(f"{count:,} in {year}" for year, count in strays.items())
    return f"; stray trips: {years}" if strays else ""


def _words(kind: str) -> str:
    return kind.replace("_", " ")
