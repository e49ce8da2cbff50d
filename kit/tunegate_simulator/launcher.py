"""`tunegate-simulator PROGRAM.py COMMAND…`: a program made with the kit, run by the Python that the kit is installed in.

A region file can name this command wherever that Python is; `python` would be whichever comes first on PATH.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

EXIT_REFUSED = 2


def main() -> int:
    """Run the program with the rest of the command line."""
    if len(sys.argv) < 2 or not Path(sys.argv[1]).is_file():
        found = sys.argv[1] if len(sys.argv) > 1 else "nothing"
        sys.stderr.write(f"tunegate-simulator: the first argument must be a file with a simulator, but got {found}.\n")
        return EXIT_REFUSED
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).absolute().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
    return 0
