"""A simulator of a market stall, its program, and requests that fit it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from kit_requests import HEADER

from tunegate_simulator import City, Day, Metric, Outcome, Parameter, Setting, Simulator, Unknown, simulator


@pytest.fixture
def stall() -> Simulator:
    @simulator("stall", "1", City("town", "2026-01-01", "2026-12-31"), [Metric("lost", "1", "lower", "people who walked on")])
    def sell(
        day: Day,
        price: Annotated[float, Parameter(20, 300, "cent", "price of a glass")] = 80,
        jugs: Annotated[int, Parameter(1, 9, "1", "jugs made in the morning")] = 5,
        people: Annotated[int, Setting("1", "people who walk by", low=1, unknown=Unknown(50, 400, log=True))] = 200,
    ) -> Outcome:
        worth = [day.rng("person", number).lognormvariate(5, 0.5) for number in range(people)]
        sold = min(sum(cents >= price for cents in worth), jugs * 40)
        return Outcome({"revenue_minor": round(sold * price), "lost": people - sold}, customers=worth)

    return sell


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Write a day function's body into a program and run one of its commands, with requests on stdin."""

    def run(body: str, *arguments: str, requests: list[dict[str, Any] | str] | None = None, before: str = "") -> Any:
        path = tmp_path / "program.py"
        function = (
            "@simulator('p', '1', TOWN)\ndef p(day, price: Annotated[float, Parameter(20, 300, 'cent', 'a price')] = 80):\n"
        )
        indented = "".join(f"    {line}\n" for line in body.splitlines())
        path.write_text(f"{HEADER}{before}\n{function}{indented}\np.main()\n")
        lines = [each if isinstance(each, str) else json.dumps(each) for each in requests or []]
        return subprocess.run(
            [sys.executable, str(path), *arguments],
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
