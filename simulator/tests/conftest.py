from __future__ import annotations

import signal
from pathlib import Path

import pytest

from hailsim.model.city import City
from hailsim.model.folder import read_city
from hailsim.readers.command import import_command

# A shell's background jobs ignore Ctrl-C, and so would everything that tests start and then interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SAN_FRANCISCO = Path(__file__).parents[3] / "shared" / "data" / "sf"


@pytest.fixture(scope="session")
def san_francisco_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The San Francisco records as a city folder; skipped where the records are not there (they are never committed)."""
    if not SAN_FRANCISCO.is_dir():
        pytest.skip(f"needs the San Francisco records in {SAN_FRANCISCO}")
    folder = tmp_path_factory.mktemp("cities") / "sf"
    assert import_command([str(SAN_FRANCISCO), "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def san_francisco(san_francisco_folder: Path) -> City:
    return read_city(san_francisco_folder)
