"""Kills a rollout, a rollback or a first approval with kill -9 after every write, and starts again.

A program of its own. A first run, line by line, finds the places: the first line that each changed state on disk is seen from.
For each of them a process is forked on a fresh copy of the same home and dies there; then a new one starts as the next command
would, and prints what it found as one line of JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine

import tunegate.adapters.local.publisher
import tunegate.adapters.sql.registry
import tunegate.release.service
from tests.synthetic.published import published_text
from tests.unit.release.conftest import SettableClock, approval_of, candidate_of, judged_at, next_record, policy_of, record
from tunegate.adapters.local.publisher import FilePublisher
from tunegate.adapters.sql.database import open_database
from tunegate.adapters.sql.registry import SqlRegistry
from tunegate.domain.errors import BadInput
from tunegate.release.service import ReleaseService

RECORD = record()
WRITERS = {
    module.__file__ for module in (tunegate.adapters.local.publisher, tunegate.adapters.sql.registry, tunegate.release.service)
}


class Home:
    """A registry and a folder, opened as a new process would."""

    def __init__(self, root: Path) -> None:
        self.engine: Engine = open_database(f"sqlite:///{root}/results.sqlite")
        self.registry = SqlRegistry(self.engine)
        self.publisher = FilePublisher(root / "published")
        self.desk = ReleaseService(
            self.registry, self.publisher, SettableClock(judged_at(RECORD) + timedelta(hours=1)), policy_of
        )

    def approve(self) -> None:
        self.desk.approve(candidate_of(RECORD), approval_of(RECORD))

    def approve_next(self) -> None:
        following = next_record(1)
        self.desk.approve(candidate_of(following), approval_of(following))

    def rollback(self) -> None:
        self.desk.rollback("toy", 1, "ben", "taxis circle")


class Tracer:
    """Counts executed lines of the writing modules; dies before line number `deadly`, or notes where the disk had changed."""

    def __init__(self, root: Path, deadly: int | None) -> None:
        self.root, self.deadly = root, deadly
        self.line = 0
        self.after_writes: list[int] = []
        self.seen = on_disk(root)

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in WRITERS:
            return None
        if event == "line":
            if self.line == self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            if self.deadly is None and on_disk(self.root) != self.seen:
                self.seen = on_disk(self.root)
                self.after_writes.append(self.line)
            self.line += 1
        return self


def on_disk(root: Path) -> dict[str, bytes]:
    """Every file with its content; SQLite's shared memory is no data."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.endswith("-shm"))
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def in_a_process_of_its_own(work: Callable[[], Any]) -> tuple[int, Any]:
    """The wait status of a forked process, and what it found."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reader)
        try:
            found = json.dumps(work())
            os.write(writer, found.encode())
        except BaseException:  # noqa: BLE001 - the fork must never go on with the parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    status = os.waitpid(process, 0)[1]
    return status, json.loads(text) if text else None


def run(root: Path, action: str, deadly: int | None) -> list[int]:
    home, tracer = Home(root), Tracer(root, deadly)
    sys.settrace(tracer)
    try:
        getattr(home, action)()
    finally:
        sys.settrace(None)
    return tracer.after_writes


def next_start(root: Path) -> dict[str, Any]:
    """What was left, what the next start makes of it, and whether the work can then be done."""
    home = Home(root)
    left = published_text(home.publisher, "toy")
    home.desk.repair_publications()
    current = home.registry.current("toy")
    return {
        "left": left,
        "file": published_text(home.publisher, "toy"),
        "registry": None if current is None else current.published,
        "versions": [release.version for release in home.registry.history("toy")],
    }


def again(root: Path, action: str) -> dict[str, Any]:
    home = Home(root)
    try:
        getattr(home, action)()
        said = ""
    except BadInput as error:
        said = str(error)
    return {"again": said, "finally": published_text(home.publisher, "toy")}


def prepare(root: Path, before: str) -> None:
    """The home that every process finds: empty, or with the candidate released."""
    home = Home(root)
    if before == "approved":
        home.approve()


def main(root: Path, before: str, action: str) -> None:
    template, watched = root / "template", root / "watched"
    in_a_process_of_its_own(lambda: prepare(template, before))
    shutil.copytree(template, watched)
    _, places = in_a_process_of_its_own(lambda: run(watched, action, None))
    for place in (0, *places):
        home = root / f"killed-{place}"
        shutil.copytree(template, home)
        status, _ = in_a_process_of_its_own(lambda home=home, place=place: run(home, action, place))
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        _, found = in_a_process_of_its_own(lambda home=home: next_start(home))
        _, repeated = in_a_process_of_its_own(lambda home=home: again(home, action))
        sys.stdout.write(json.dumps({"place": place, "killed": killed, **found, **repeated}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
