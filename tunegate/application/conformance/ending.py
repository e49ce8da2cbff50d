"""Rules of a process's end: by itself when its input ends, and without a trace when it is killed."""

from __future__ import annotations

from dataclasses import replace

from tunegate.application.conformance.bench import Bench, NotApplicable, one_day, require, require_same
from tunegate.application.conformance.repeating import NEEDED
from tunegate.application.conformance.rule import Rule


async def _end_of_input(bench: Bench) -> str:
    seen = await bench.probe.close_input(one_day(bench.request()))
    require(seen.exit_code is not None, "it went on running after stdin was closed")
    require(seen.exit_code == 0, f"it ended with {seen.exit_code} when stdin was closed")
    return "ended with 0"


async def _kill(bench: Bench) -> str:
    small = one_day(bench.request())
    before = await bench.probe.open().simulate(small)
    many = replace(bench.request(days=bench.last_days(bench.sample_days)), seeds=tuple(range(1, 9)))
    try:
        alive = await bench.probe.kill_midway(many)
    except NotImplementedError as reason:
        raise NotApplicable(str(reason)) from None
    require(not alive, f"{len(alive)} processes that it had started lived on")
    require_same(before, await bench.probe.open().simulate(small), ("before a kill", "in a fresh process after it"))
    return "no process lived on, and a fresh one gave the same numbers"


RULES = (
    Rule("end_of_input", "The process ends with 0 when stdin ends", "Leave the loop over stdin and exit.", _end_of_input),
    Rule(
        "kill",
        "A kill leaves nothing: no process, and no lock or half-written file that changes the next answer",
        "Start children in your own session, and write files under a temporary name before renaming them.",
        _kill,
        needs=NEEDED,
    ),
)
