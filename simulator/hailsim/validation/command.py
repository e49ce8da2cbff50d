"""`hailsim validate`: compare simulated days with recorded ones."""

from __future__ import annotations

import argparse
import json
import sys

from hailsim.faults import BadInput
from hailsim.model.folder import read_city, read_observed
from hailsim.option_values import positive, read_date_range, read_numbers
from hailsim.validation.report import as_json, format_report
from hailsim.validation.validate import judged_days, validate

EXIT_BAD_INPUT = 2


def validate_command(argv: list[str]) -> int:
    """Print the comparison. Exit code 0 even if aims are missed (a finding, not a failure); 2 for bad input."""
    options = _parser().parse_args(argv)
    try:
        city, recorded = read_city(options.city), read_observed(options.city)
        days = judged_days(city, *((None, None) if options.days is None else read_date_range(options.days, "--days")))
        settings = read_numbers(options.set, "--set", "latent_factor=2.5")
        found = validate(city, recorded, days, seeds=range(1, options.seeds + 1), settings=settings)
    except BadInput as bad:
        sys.stderr.write("hailsim validate: nothing was simulated.\n" + "".join(f"  • {fault}\n" for fault in bad.faults))
        return EXIT_BAD_INPUT
    text = json.dumps(as_json(found), allow_nan=False, ensure_ascii=False) + "\n" if options.json else format_report(found)
    sys.stdout.write(text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "hailsim validate",
        description="Simulate days in which all taxis move as observed cabs do, and compare with the records.",
    )
    parser.add_argument("city", metavar="CITY", help="a city folder or a bundled name")
    parser.add_argument(
        "--days", metavar="FIRST..LAST", help="days to judge (default: the later half); the days before them are calibrated on"
    )
    parser.add_argument("--seeds", type=positive, default=1, help="how many times each day is simulated (default 1)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="another setting, like latent_factor=2.5"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser
