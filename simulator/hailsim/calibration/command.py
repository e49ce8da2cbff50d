"""`hailsim calibrate`: worlds that fit the records, for people and programs."""

from __future__ import annotations

import sys
from concurrent.futures.process import BrokenProcessPool

from hailsim.calibration.calibrate import Calibration, calibrate, simulate_draws
from hailsim.calibration.coverage import CoverageCheck, check_coverage
from hailsim.calibration.document import canonical, check_writable, coverage_document, worlds_document, write_whole
from hailsim.calibration.options import Options, check_counts, parse_options, read_request
from hailsim.calibration.page import calibration_page
from hailsim.calibration.progress import progress_of
from hailsim.calibration.report import calibration_in_words, coverage_in_words
from hailsim.calibration.workers import processes_here, start_workers
from hailsim.faults import BadInput
from hailsim.model.folder import read_city, read_observed

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def calibrate_command(argv: list[str]) -> int:
    """Calibrate, check, or both. Exit code 2 for bad input, 130 when interrupted; nothing is written then."""
    options = parse_options(argv)
    try:
        found, coverage = _run(options)
        _write(options, found, coverage)
    except BadInput as bad:
        sys.stderr.write("hailsim calibrate: nothing was written.\n" + "".join(f"  • {fault}\n" for fault in bad.faults))
        return EXIT_BAD_INPUT
    except BrokenProcessPool:
        sys.stderr.write(
            "hailsim calibrate: nothing was written. A process that simulated days was killed; try --processes 1.\n"
        )
        return EXIT_FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\nhailsim calibrate: interrupted, nothing was written.\n")
        return EXIT_INTERRUPTED
    sys.stdout.write(_printed(options, found, coverage))
    return 0


def _run(options: Options) -> tuple[Calibration | None, CoverageCheck | None]:
    check_counts(options)
    for path, flag in ((options.out, "--out"), (options.page, "--page")):
        if path is not None:
            check_writable(path, flag)
    request = read_request(options, read_city(options.city), read_observed(options.city))
    with start_workers(request.source, options.processes or processes_here()) as workers:
        draws = simulate_draws(request, workers, progress_of)
        found = None if options.out is None else calibrate(request, workers, draws, progress_of)
        coverage = check_coverage(request, workers, draws, options.test_worlds, progress_of) if options.check else None
    return found, coverage


def _write(options: Options, found: Calibration | None, coverage: CoverageCheck | None) -> None:
    if found is None or options.out is None:
        return
    if options.page is not None:
        write_whole(options.page, calibration_page(found, coverage).encode(), "--page")
    write_whole(options.out, canonical(worlds_document(found, coverage)), "--out")


def _printed(options: Options, found: Calibration | None, coverage: CoverageCheck | None) -> str:
    if options.json:
        if found is not None:
            return canonical(worlds_document(found, coverage)).decode()
        return "" if coverage is None else canonical(coverage_document(coverage)).decode()
    parts = [] if found is None else [calibration_in_words(found)]
    parts += [] if coverage is None else [coverage_in_words(coverage)]
    files = ((options.out, "worlds"), (options.page, "page"))
    written = "".join(f"{name:8}{path}\n" for path, name in files if path is not None)
    return "\n".join(parts + ([written] if written else []))
