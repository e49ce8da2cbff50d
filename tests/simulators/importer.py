"""An importer for tests: copies `SOURCE/city.txt`; what it does is said in that file.

`refuse` is bad data (exit code 2, words on stderr), `crash` a bug, `nothing` makes no folder, `hang` hangs after half the work.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main(arguments: list[str]) -> int:
    subcommand, source, option, out = arguments
    if (subcommand, option) != ("import", "--out"):
        sys.stderr.write(f"usage: import SOURCE --out DIR, but got {arguments}\n")
        return 2
    text = (Path(source) / "city.txt").read_text()
    if "refuse" in text:
        sys.stderr.write("trips.csv, line 7: a time must have a zone, but got 2008-05-17 04:00\n")
        return 2
    if "crash" in text:
        raise SystemError("a bug of the importer")
    if "nothing" in text:
        return 0
    Path(out).mkdir()
    (Path(out) / "half.txt").write_text("half")
    if "hang" in text:
        time.sleep(3600)
    (Path(out) / "name.txt").write_text(Path(out).name)
    (Path(out) / "city.txt").write_text(text)
    sys.stderr.write("3 trips rejected: outside the network\n")
    with (Path(source).parent / "imports.log").open("a") as log:
        log.write("imported\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
