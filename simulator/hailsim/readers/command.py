"""`hailsim import`: from a source to a city folder, with a report as JSON on stdout and in words on stderr."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from hailsim.faults import BadInput, refuse
from hailsim.model.folder import Papers, check_writable, write_city
from hailsim.model.roads import RawNetwork
from hailsim.readers.assemble import Choices, assemble
from hailsim.readers.junction_folder import is_junction_folder, read_junction_folder
from hailsim.readers.local_trips import read_local_trips, trip_format
from hailsim.readers.options import Options, choose, parse_options
from hailsim.readers.osmnx_network import read_osmnx_network
from hailsim.readers.places import Place, place_at
from hailsim.readers.source import SourceCity

EXIT_DONE, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2
_OSM = "Road network © OpenStreetMap contributors, Open Database License (ODbL) 1.0."
_NETWORK_SUFFIXES = {".json", ".graphml"}


def import_command(argv: list[str]) -> int:
    """Import one source. Exit code 0; 2 for bad input, every fault on stderr and as JSON on stdout; 1 if the disk fails."""
    options = parse_options(argv)
    try:
        report = _import(options)
    except BadInput as error:
        sys.stderr.write("hailsim import: nothing was written.\n" + "".join(f"  • {fault}\n" for fault in error.faults))
        faults = [
            {"rule": fault.rule, "value": fault.value, "place": fault.place, "remedy": fault.remedy} for fault in error.faults
        ]
        sys.stdout.write(json.dumps({"faults": faults}, ensure_ascii=False) + "\n")
        return EXIT_BAD_INPUT
    except OSError as error:
        sys.stderr.write(f"hailsim import: nothing was written. {error}\n")
        return EXIT_FAILED
    sys.stderr.write(_in_words(report))
    sys.stdout.write(json.dumps(report, ensure_ascii=False, allow_nan=False) + "\n")
    return EXIT_DONE


def _import(options: Options) -> dict[str, Any]:
    check_writable(options.out.absolute(), replace=options.force)
    source, choices, place, files = _read(options)
    imported = assemble(source, choices)
    papers = Papers(
        attribution=(*((_OSM,) if source.kind == "osmnx" else ()), *options.attribution),
        source={
            "kind": source.kind,
            "place": place.name if place else None,
            "files": {file.name: _sha256(file) for file in files},
        },
        import_report=imported.report,
    )
    digest = write_city(imported.city, options.out, papers, observed=imported.observed, replace=options.force)
    return {"city": imported.city.name, "digest": digest, "out": str(options.out), **papers.source, **imported.report}


def _read(options: Options) -> tuple[SourceCity, Choices, Place | None, list[Path]]:
    """The source, the choices for it, the place it lies in, and the files read."""
    if is_junction_folder(options.source):
        source = read_junction_folder(options.source)
        place = _place(source.network)
        return source, choose(options, place), place, [options.source / name for name in source.files]
    network_file, trips_file = _pair(options)
    network = read_osmnx_network(network_file)
    place = _place(network)
    choices = choose(options, place)
    trips = read_local_trips(trips_file, _zone_of_records(trips_file, choices))
    files = [network_file, trips_file]
    return SourceCity("osmnx", tuple(file.name for file in files), network, trips, None), choices, place, files


def _pair(options: Options) -> tuple[Path, Path]:
    """Network file and trip file, whichever of them is the source."""
    source = options.source
    if source.is_file() and source.suffix.lower() in _NETWORK_SUFFIXES and options.trips is not None:
        return source, options.trips
    if source.is_file() and source.suffix.lower() == ".csv" and options.network is not None:
        return options.network, source
    raise refuse(
        "a source is a folder of nodes.csv, edges.csv, trips.parquet; a CSV of trips with --network; a network with --trips",
        str(source) if source.exists() else f"{source}, which does not exist",
        "CITY_SOURCE",
        "Name such a folder, or both files.",
    )


def _place(network: RawNetwork) -> Place | None:
    known = np.isfinite(network.lat_deg) & np.isfinite(network.lon_deg)
    if not known.any():
        return None
    return place_at(float(np.median(network.lat_deg[known])), float(np.median(network.lon_deg[known])))


def _zone_of_records(trips_file: Path, choices: Choices) -> ZoneInfo:
    """TLC records are documented to be in New York time, whatever city they are imported into; others are in the city's."""
    documented = trip_format(trips_file).timezone
    if documented is not None and documented != choices.zone.key:
        raise refuse(
            f"records of this format are in {documented}",
            choices.zone.key,
            "--timezone",
            f"Give --timezone {documented}, or other records.",
        )
    return choices.zone


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return "sha256:" + hashlib.file_digest(data, "sha256").hexdigest()


def _in_words(report: Mapping[str, Any]) -> str:
    network, trips, days = report["network"], report["trips"], report["days"]
    pickup, dropoff = report["snapping_m"]["pickup"], report["snapping_m"]["dropoff"]
    traffic, fleet = report["travel_time"], report["fleet"]
    rejected = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in trips["rejected"].items()) or "none"
    lines = {
        "network": f"{network['links_kept']:,} links, {network['km_kept']:,.0f} km; "
        f"cut {network['links_cut']:,} links, {network['share_cut']:.2%} of the km",
        "days": f"{days['first']} to {days['last']}, {days['covered']} whole days from {days['day_start_hour']:02d}:00; "
        f"{len(days['left_out'])} others left out",
        "trips": f"{trips['kept']:,} of {trips['read']:,} kept; rejected: {rejected}",
        "snapping": f"pick-up median {pickup['p50']} m, 95 % within {pickup['p95']} m; "
        f"drop-off {dropoff['p50']} m, {dropoff['p95']} m",
        "traffic": f"{min(traffic['by_hour']):.2f} to {max(traffic['by_hour']):.2f} times free flow ({traffic['from']})",
        "fleet": f"{fleet['taxis']:,} taxis, {fleet['mean_active_share']:.0%} of them active on average ({fleet['from']})",
        "digest": report["digest"],
    }
    return f"{report['city']} → {report['out']}\n" + "".join(f"  {name:<9} {line}\n" for name, line in lines.items())
