"""`hailsim import`: build a city folder from a source, with a JSON report on stdout and a summary on stderr."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from hailsim.faults import BadInput, refuse
from hailsim.model.folder import Provenance, check_writable, write_city
from hailsim.model.raw_network import RawNetwork
from hailsim.readers.assemble import ImportSettings, assemble
from hailsim.readers.junction_folder import is_junction_folder, read_junction_folder
from hailsim.readers.known_cities import KnownCity, known_city_at
from hailsim.readers.local_trips import read_local_trips, trip_format
from hailsim.readers.options import Options, parse_options, resolve_settings
from hailsim.readers.osmnx_network import network_suffix, read_osmnx_network
from hailsim.readers.progress import Progress, ProgressLine
from hailsim.readers.report_text import format_report
from hailsim.readers.source import SourceCity

EXIT_DONE, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2
_OSM = "Road network © OpenStreetMap contributors, Open Database License (ODbL) 1.0."
_NETWORK_SUFFIXES = {".json", ".graphml"}


def import_command(argv: list[str]) -> int:
    """Import one source. Exit code 0; 2 for bad input, with all faults on stderr and as JSON on stdout; 1 for disk errors."""
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
    sys.stderr.write(format_report(report))
    sys.stdout.write(json.dumps(report, ensure_ascii=False, allow_nan=False) + "\n")
    return EXIT_DONE


def _import(options: Options) -> dict[str, Any]:
    check_writable(options.out.absolute(), replace=options.force)
    progress = ProgressLine(sys.stderr)
    try:
        source, settings, known_city, files = _read(options, progress)
        imported = assemble(source, settings, progress)
        progress.stage("writing")
    finally:
        progress.close()
    provenance = Provenance(
        attribution=(*((_OSM,) if source.kind == "osmnx" else ()), *options.attribution),
        source={
            "kind": source.kind,
            "place": known_city.name if known_city else None,
            "files": {file.name: _sha256(file) for file in files},
        },
        import_report=imported.report,
    )
    digest = write_city(imported.city, options.out, provenance, observed=imported.observed, replace=options.force)
    head = {"city": imported.city.name, "digest": digest, "out": str(options.out)}
    return {**head, **provenance.source, **imported.report, "examples": imported.examples}


def _read(options: Options, progress: Progress) -> tuple[SourceCity, ImportSettings, KnownCity | None, list[Path]]:
    """The source, its import settings, its known city, and the files read."""
    progress.stage("reading")
    if is_junction_folder(options.source):
        source = read_junction_folder(options.source)
        known_city = _known_city(source.network)
        return source, resolve_settings(options, known_city), known_city, [options.source / name for name in source.files]
    network_file, trips_file = _pair(options)
    network = read_osmnx_network(network_file)
    known_city = _known_city(network)
    settings = resolve_settings(options, known_city)
    trips = read_local_trips(trips_file, _zone_of_records(trips_file, settings))
    files = [network_file, trips_file]
    return SourceCity("osmnx", tuple(file.name for file in files), network, trips, None), settings, known_city, files


def _pair(options: Options) -> tuple[Path, Path]:
    """Network file and trip file, whichever of them is the source."""
    source = options.source
    is_network = source.is_file() and network_suffix(source) in _NETWORK_SUFFIXES
    if is_network and options.trips is not None:
        return source, options.trips
    if source.is_file() and not is_network and options.network is not None:
        return options.network, source
    raise refuse(
        "a source must be a folder of nodes.csv, edges.csv and trips.parquet, trips with --network, or a network with --trips",
        str(source) if source.exists() else f"{source}, which does not exist",
        "CITY_SOURCE",
        "Pass such a folder, or both files.",
    )


def _known_city(network: RawNetwork) -> KnownCity | None:
    known = np.isfinite(network.lat_deg) & np.isfinite(network.lon_deg)
    if not known.any():
        return None
    return known_city_at(float(np.median(network.lat_deg[known])), float(np.median(network.lon_deg[known])))


def _zone_of_records(trips_file: Path, settings: ImportSettings) -> ZoneInfo:
    """The documented time zone of the format (TLC: New York), else the city's."""
    documented = trip_format(trips_file).timezone
    if documented is not None and documented != settings.zone.key:
        raise refuse(
            f"records of this format must be in {documented}",
            settings.zone.key,
            "--timezone",
            f"Use --timezone {documented}, or other records.",
        )
    return settings.zone


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return "sha256:" + hashlib.file_digest(data, "sha256").hexdigest()
