"""A program that looks for secrets wherever a simulator could: in its own environment and in all processes above it.

`python snooping.py WORD` prints one JSON object: where it found WORD, and how many processes it looked at.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def parents(pid: int) -> list[int]:
    above = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        above.append(pid)
    return [pid for pid in above if pid > 0]


def readable(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def open_files(process: Path) -> bytes:
    try:
        links = list((process / "fd").iterdir())
        return b" ".join(os.fsencode(link.readlink()) + (readable(link) if link.is_file() else b"") for link in links)
    except OSError:
        return b""


def memory(process: Path) -> bytes:
    found = b""
    try:
        with (process / "mem").open("rb") as file:
            for line in (process / "maps").read_text().splitlines():
                span, rights, *_ = line.split()
                first, last = (int(end, 16) for end in span.split("-"))
                if rights.startswith("rw"):
                    file.seek(first)
                    found += file.read(last - first)
    except (OSError, ValueError, OverflowError):
        return found
    return found


def main(word: bytes) -> None:
    looked, found = parents(os.getpid()), []
    places = {"environ": lambda p: readable(p / "environ"), "fd": open_files, "mem": memory}
    for pid in looked:
        found += [f"{place} of {pid}" for place, read in places.items() if word in read(Path(f"/proc/{pid}"))]
    if word in readable(Path("/proc/self/environ")):
        found.append("its own environment")
    sys.stdout.write(json.dumps({"looked": len(looked), "found": found}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1].encode())
