"""City folders: validated reading that lists all faults, and atomic writing. Format: docs/city-format.md."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from hailsim.faults import BadInput, Fault, refuse
from hailsim.model import tables
from hailsim.model.cab_days import OBSERVED_FILE, CabDay, observed_bytes, observed_from_bytes
from hailsim.model.checks import check_network, check_trips
from hailsim.model.city import City, Fare, Fleet, Network, Trips, Turn
from hailsim.model.manifest import FORMAT, read_manifest
from hailsim.model.synthetic_demand import GENERATOR_VERSION, SyntheticDemand, TripPattern, generate_trips

CITY_FILE = "city.json"
_TURN_KEYS = {"straight": Turn.STRAIGHT, "right": Turn.RIGHT, "left": Turn.LEFT, "u_turn": Turn.U_TURN}


@dataclass(frozen=True, slots=True)
class Provenance:
    """A city's attribution, source files and import report. `texts`: further files by name, such as licences."""

    attribution: tuple[str, ...]
    source: Mapping[str, object]
    import_report: Mapping[str, object]
    texts: Mapping[str, str] = field(default_factory=dict)


def bundled_cities() -> tuple[str, ...]:
    """Names of the cities bundled with the package."""
    root = resources.files("hailsim") / "bundled"
    return tuple(sorted(entry.name for entry in root.iterdir() if (entry / CITY_FILE).is_file()))


def city_folder(city: str | Path) -> Path:
    """Resolve a path or a bundled name to a folder; an existing folder takes precedence. BadInput when there is neither."""
    folder = Path(city)
    if (folder / CITY_FILE).is_file():
        return folder
    if str(city) in bundled_cities():
        return Path(str(resources.files("hailsim") / "bundled" / str(city)))
    raise refuse(
        f"a city is a folder with {CITY_FILE} or a bundled name ({', '.join(bundled_cities())})",
        str(city),
        "the name of the city",
        "Create one with `hailsim import`, or use a bundled city.",
    )


def read_city(city: str | Path) -> City:
    """Read a city folder or a bundled city. Raises BadInput listing every fault."""
    folder = city_folder(city)
    data = _read_file(folder / CITY_FILE)
    manifest = read_manifest(data, str(folder / CITY_FILE))
    contents, faults = _listed_files(folder, manifest["files"])
    if faults:
        raise BadInput(faults)
    network = tables.network_from_bytes(contents[tables.LINKS_FILE], str(folder / tables.LINKS_FILE))
    faults = check_network(network, str(folder / tables.LINKS_FILE))
    if faults:
        raise BadInput(faults)
    first_day, last_day = date.fromisoformat(manifest["first_day"]), date.fromisoformat(manifest["last_day"])
    days = (last_day - first_day).days + 1
    trips, trips_file = _trips(manifest, contents, first_day, folder)
    faults = check_trips(trips, network, days, str(folder / trips_file))
    if faults:
        raise BadInput(faults)
    return _city(manifest, network, trips, digest_of(data))


def digest_of(city_json: bytes) -> str:
    """A city's digest: the SHA-256 of city.json, which itself lists the SHA-256 of every other file."""
    return "sha256:" + hashlib.sha256(city_json).hexdigest()


def read_observed(city: str | Path) -> tuple[CabDay, ...]:
    """The observed cab days of a city, empty if its folder has none. BadInput for a damaged file."""
    folder = city_folder(city)
    manifest = read_manifest(_read_file(folder / CITY_FILE), str(folder / CITY_FILE))
    if OBSERVED_FILE not in manifest["files"]:
        return ()
    contents, faults = _listed_files(folder, {OBSERVED_FILE: manifest["files"][OBSERVED_FILE]})
    if faults:
        raise BadInput(faults)
    return observed_from_bytes(contents[OBSERVED_FILE], str(folder / OBSERVED_FILE))


def write_city(
    city: City, folder: Path, provenance: Provenance, *, observed: Sequence[CabDay] = (), replace: bool = False
) -> str:
    """Write a folder with recorded trips and optional observed cab days; returns its digest.

    A non-empty folder is left untouched (BadInput) unless `replace`, which swaps it atomically. Also BadInput for a city that
    could not be read back.
    """
    links, trips = str(folder / tables.LINKS_FILE), str(folder / tables.TRIPS_FILE)
    faults = [*check_network(city.network, links), *check_trips(city.trips, city.network, city.days, trips)]
    if faults:
        raise BadInput(faults)
    files = {tables.TRIPS_FILE: tables.trips_bytes(city.trips)}
    if observed:
        files[OBSERVED_FILE] = observed_bytes(observed)
    return _write(city, {"kind": "recorded"}, files, folder, provenance, replace=replace)


def write_synthetic_city(
    city: City, pattern: TripPattern, demand: SyntheticDemand, folder: Path, provenance: Provenance, *, replace: bool = False
) -> str:
    """Write a folder whose trips are generated on reading; `city.trips` is not written. Returns the digest."""
    about = {
        "kind": "drawn",
        "draw_version": GENERATOR_VERSION,
        "key": demand.key,
        "trips_per_day": demand.trips_per_day,
        "half_hour_of_week": demand.half_hour_of_week.tolist(),
        "holiday_factor": {day.isoformat(): factor for day, factor in sorted(demand.holiday_factor.items())},
        "day_sd": demand.day_sd,
        "half_hour_sd": demand.half_hour_sd,
        "half_hour_correlation": demand.half_hour_correlation,
        "window_min": demand.window_min,
    }
    return _write(city, about, {tables.PATTERN_FILE: tables.pattern_bytes(pattern)}, folder, provenance, replace=replace)


def _write(
    city: City, demand: dict[str, object], files: dict[str, bytes], folder: Path, provenance: Provenance, *, replace: bool
) -> str:
    files = {**files, tables.LINKS_FILE: tables.network_bytes(city.network)}
    files |= {name: text.encode("utf-8") for name, text in provenance.texts.items()}
    manifest = _manifest(city, demand, provenance, files)
    data = (json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")
    read_manifest(data, str(folder / CITY_FILE))
    target = folder.absolute()
    check_writable(target, replace=replace)
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, content in {**files, CITY_FILE: data}.items():
            (staging / name).write_bytes(content)
        staging.chmod(0o755)
        _swap(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return digest_of(data)


def check_writable(folder: Path, *, replace: bool) -> None:
    """Refuse to overwrite anything except, with `replace`, a city folder, so that a mistyped path destroys nothing else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not replace:
        remedy = "Choose another folder, or use --force to replace the city in it."
        raise refuse("the folder to write is new or empty", str(folder), "--out", remedy)
    is_city = folder.is_dir() and (folder / CITY_FILE).is_file() and all(entry.is_file() for entry in folder.iterdir())
    if not is_city:
        rule = f"only a city folder ({CITY_FILE} and other files, no folders) is ever replaced"
        raise refuse(rule, str(folder), "--out", "Choose another folder, or clear this one yourself.")


def _swap(staging: Path, target: Path) -> None:
    """Move the finished folder into place with two renames; a replaced folder is moved aside first."""
    aside = staging.with_name(staging.name + "-old")
    if target.exists():
        target.rename(aside)
    try:
        staging.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _manifest(city: City, demand: dict[str, object], provenance: Provenance, files: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "format": FORMAT,
        "name": city.name,
        "timezone": city.timezone,
        "driving_side": city.driving_side,
        "day_start_hour": city.day_start_hour,
        "first_day": city.first_day.isoformat(),
        "last_day": city.last_day.isoformat(),
        "holidays": sorted(day.isoformat() for day in city.holidays),
        "reference": {"lat_deg": city.reference_lat_deg, "lon_deg": city.reference_lon_deg},
        "fare": {name: getattr(city.fare, name) for name in Fare.__slots__},
        "fleet": {"taxis": city.fleet.taxis, "active_share": _decimals(city.fleet.active_share)},
        "travel_time_factor": _decimals(city.travel_time_factor),
        "turn_s": {key: _decimals(city.turn_s)[turn] for key, turn in _TURN_KEYS.items()},
        "demand": demand,
        "attribution": list(provenance.attribution),
        "source": dict(provenance.source),
        "import_report": dict(provenance.import_report),
        "files": {name: "sha256:" + hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }


def _decimals(values: np.ndarray[Any, np.dtype[np.float32]]) -> list[float]:
    return [round(float(value), 4) for value in values]


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise refuse(
            "every file of a city must be readable", error.strerror or str(error), str(path), "Import the city again."
        ) from error


def _listed_files(folder: Path, listed: Mapping[str, str]) -> tuple[dict[str, bytes], list[Fault]]:
    contents: dict[str, bytes] = {}
    faults: list[Fault] = []
    for name, expected in listed.items():
        path = folder / name
        if not path.is_file():
            faults.append(
                Fault(f"every file that {CITY_FILE} lists must exist", "nothing", str(path), "Import the city again.")
            )
            continue
        contents[name] = _read_file(path)
        found = "sha256:" + hashlib.sha256(contents[name]).hexdigest()
        if found != expected:
            remedy = "The file was changed or damaged: import the city again."
            faults.append(Fault(f"a file must have the SHA-256 listed in {CITY_FILE} ({expected})", found, str(path), remedy))
    return contents, faults


def _trips(manifest: dict[str, Any], contents: Mapping[str, bytes], first_day: date, folder: Path) -> tuple[Trips, str]:
    """The trips, recorded or generated, and the name of their file."""
    demand = manifest["demand"]
    if demand["kind"] == "recorded":
        return tables.trips_from_bytes(contents[tables.TRIPS_FILE], str(folder / tables.TRIPS_FILE)), tables.TRIPS_FILE
    pattern = tables.pattern_from_bytes(contents[tables.PATTERN_FILE], str(folder / tables.PATTERN_FILE))
    synthetic = SyntheticDemand(
        key=demand["key"],
        trips_per_day=demand["trips_per_day"],
        half_hour_of_week=np.array(demand["half_hour_of_week"], dtype=np.float64),
        holiday_factor={date.fromisoformat(day): factor for day, factor in demand["holiday_factor"].items()},
        day_sd=demand["day_sd"],
        half_hour_sd=demand["half_hour_sd"],
        half_hour_correlation=demand["half_hour_correlation"],
        window_min=demand["window_min"],
    )
    days = (date.fromisoformat(manifest["last_day"]) - first_day).days + 1
    return generate_trips(pattern, synthetic, first_day, days, manifest["day_start_hour"]), tables.PATTERN_FILE


def _city(manifest: dict[str, Any], network: Network, trips: Trips, digest: str) -> City:
    turn_s = np.zeros(len(Turn), dtype=np.float32)
    for key, turn in _TURN_KEYS.items():
        turn_s[turn] = manifest["turn_s"][key]
    return City(
        name=manifest["name"],
        timezone=manifest["timezone"],
        driving_side=manifest["driving_side"],
        day_start_hour=manifest["day_start_hour"],
        first_day=date.fromisoformat(manifest["first_day"]),
        last_day=date.fromisoformat(manifest["last_day"]),
        holidays=frozenset(date.fromisoformat(day) for day in manifest["holidays"]),
        network=network,
        trips=trips,
        fare=Fare(**manifest["fare"]),
        fleet=Fleet(manifest["fleet"]["taxis"], np.array(manifest["fleet"]["active_share"], dtype=np.float32)),
        travel_time_factor=np.array(manifest["travel_time_factor"], dtype=np.float32),
        turn_s=turn_s,
        digest=digest,
        reference_lat_deg=manifest["reference"]["lat_deg"],
        reference_lon_deg=manifest["reference"]["lon_deg"],
    )
