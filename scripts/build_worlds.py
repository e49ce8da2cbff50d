"""Calibrate the worlds of the shipped regions: configs/worlds/REGION.json, the same bytes whenever it runs.

    python scripts/build_worlds.py [REGION ...] [--out FOLDER] [--pages FOLDER]

San Francisco is imported from the records in ../shared/data/sf, and left out with a message where they are missing.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
WORLDS = ROOT / "configs" / "worlds"


@dataclass(frozen=True, slots=True)
class Calibration:
    """What one region is calibrated on: `source` are records to import, None for a bundled city."""

    source: Path | None
    seed: int
    history: str
    days: str
    check_days: str


# All days lie before the test period of the region's file. Seeds are those of the region files.
CALIBRATIONS = {
    "manhattan": Calibration(
        source=None,
        seed=20141221,
        history="2014-12-26..2015-01-08",
        days="2015-01-09..2015-01-12",
        check_days="2015-01-13..2015-01-16",
    ),
    "san_francisco": Calibration(
        source=ROOT.parent / "shared" / "data" / "sf",
        seed=20080517,
        history="2008-05-17..2008-05-20",
        days="2008-05-21..2008-05-23",
        check_days="2008-05-24..2008-05-25",
    ),
}


def calibrate(region: str, out: Path, page: Path | None = None) -> None:
    """Write the worlds of a region. Raises CalledProcessError when hailsim refuses, after its message."""
    known = CALIBRATIONS[region]
    with _city(region, known.source) as city:
        asked = ["--days", known.days, "--history", known.history, "--check-days", known.check_days]
        asked += ["--seed", str(known.seed), "--out", str(out), *([] if page is None else ["--page", str(page)])]
        _hailsim("calibrate", city, *asked)


@contextmanager
def _city(region: str, source: Path | None) -> Iterator[str]:
    """The city as hailsim names it, imported where it is not bundled."""
    if source is None:
        yield region
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / region
        _hailsim("import", str(source), "--out", str(folder))
        yield str(folder)


def _hailsim(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "hailsim", *arguments], check=True)


def main() -> int:
    """Calibrate the named regions, or all whose data are here."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regions", nargs="*", metavar="REGION", help=f"default: {', '.join(CALIBRATIONS)}")
    parser.add_argument("--out", type=Path, default=WORLDS, metavar="FOLDER", help="default: configs/worlds")
    parser.add_argument("--pages", type=Path, metavar="FOLDER", help="write a page with plots for each region there")
    options = parser.parse_args()
    unknown = [region for region in options.regions if region not in CALIBRATIONS]
    if unknown:
        parser.error(f"a region must be one of {', '.join(CALIBRATIONS)}, but got {', '.join(unknown)}")
    for region in options.regions or CALIBRATIONS:
        source = CALIBRATIONS[region].source
        if source is not None and not source.is_dir():
            print(f"{region}: left out, needs the records in {source}")
            continue
        page = None if options.pages is None else options.pages / f"{region}.html"
        try:
            calibrate(region, options.out / f"{region}.json", page)
        except subprocess.CalledProcessError as error:
            return int(error.returncode)
    return 0


if __name__ == "__main__":
    sys.exit(main())
