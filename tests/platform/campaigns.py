"""Campaigns of the toy city on the platform, and what must hold of any that ended."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from sqlalchemy import NullPool, create_engine, text

from tests.flows.conftest import REGION
from tests.platform.stack import PATIENCE_S, Platform
from tests.services.kubernetes.cluster import Pod
from tests.services.mariadb import Database

BUDGET = 4


@dataclass(frozen=True)
class Ended:
    """What is left of a campaign: its row in the book, its verdict, its trials as the study has them, and its day results."""

    campaign: str
    verdict: str
    outcome: Mapping[str, Any]
    trials: tuple[tuple[int, str], ...]
    days: tuple[tuple[Any, ...], ...]

    def complete(self) -> list[int]:
        """Numbers of the complete trials."""
        return [number for number, state in self.trials if state == "COMPLETE"]


@dataclass(frozen=True)
class Campaigns:
    """Starts campaigns of one region and looks at what became of them."""

    platform: Platform
    region: str

    def start(
        self, placement: str, *simulator_options: str, approvers: Sequence[str] = (), campaign: str | None = None, **search: Any
    ) -> str:
        """Start a run of the `retune` deployment; returns its id. `search` replaces keys of that section."""
        region = copy.deepcopy(REGION)
        region["region"] = self.region
        region["simulator"]["command"] += ["--log", str(self._log), *simulator_options]
        region["search"] |= {"trials": BUDGET, "confirm_top": 1, **search}
        region["release"] = {"approvers": list(approvers), "four_eyes": True, "expiry_days": 7}
        path = self.platform.folder / f"{self.region}.yaml"
        path.write_text(yaml.safe_dump(region))
        return self.platform.run("retune", {"config": str(path), "placement": placement, "campaign": campaign})

    def wait_for_trials(self, count: int) -> None:
        """Until so many trials are complete."""
        self._wait(lambda: len(self._complete()) >= count, f"{count} trials are complete")

    def pods(self, pool: str) -> list[Pod]:
        """Every pod of this region's workers or simulations, which are named after it."""
        return [pod for pod in self.platform.cluster.pods(pool) if pod.name.startswith(self._label)]

    def wait_for_pod(self, pool: str, which: Callable[[Pod], bool] = lambda pod: True) -> Pod:
        """The first running pod of this region's workers or simulations, which are named after it."""

        def ours(pod: Pod) -> bool:
            return pod.running and pod.name.startswith(self._label) and which(pod)

        return self.platform.cluster.wait_for_pod(pool, PATIENCE_S, ours)

    def finished(self, run: str) -> Ended:
        """Wait for the run; it must have completed with a verdict, exactly the budgeted trials, and every day result once."""
        state = self.platform.ended(run)
        assert state["type"] == "COMPLETED", f"{state}\n{self.platform.story()}"
        ended = self.left()
        assert ended.outcome["verdict"] in {"promote", "reject", "inconclusive"}, ended.outcome
        assert ended.outcome["trials"]["complete"] == len(ended.complete()) == BUDGET
        self._check_days(ended)
        return ended

    def left(self) -> Ended:
        """What the databases hold of the region's newest campaign."""
        (campaign, outcome), *_ = self._rows(
            "SELECT id, outcome FROM campaigns WHERE region = :region ORDER BY started DESC", region=self.region
        )
        trials = self._rows(
            "SELECT number, state FROM trials JOIN studies USING (study_id) WHERE study_name = :name ORDER BY number",
            name=campaign,
        )
        kept = self.platform.bigquery.select("SELECT campaign, phase, subject, forecast, day, seed FROM taxis.day_results")
        rows = [row[1:] for row in kept if row[0] == campaign]
        verdicts = self._rows("SELECT id FROM verdicts WHERE campaign = :name", name=campaign)
        verdict = verdicts[0][0] if verdicts else ""
        return Ended(campaign, verdict, json.loads(outcome or "{}"), tuple((row[0], row[1]) for row in trials), tuple(rows))

    def _check_days(self, ended: Ended) -> None:
        assert len(ended.days) == len(set(ended.days)), "a day result is there twice"
        for number in ended.complete():
            days = {(row[3], row[4]) for row in ended.days if row[:2] == ("search", f"trial-{number:04d}")}
            assert len(days) == 2, f"trial {number} has {len(days)} of its 2 day results"
        gate = {row[1:5] for row in ended.days if row[0] == "gate"}
        assert len({row[:2] for row in gate}) == 4 + 1, "four patterns and the self-check"
        assert len(gate) == 4 * 8 * 2 + 1

    @property
    def _label(self) -> str:
        return self.region.replace("_", "-")[:30]

    @property
    def _log(self) -> Any:
        return self.platform.folder / f"{self.region}.requests.jsonl"

    def _complete(self) -> list[int]:
        """Numbers of the complete trials; none before the first run has made the tables, ours and then Optuna's."""
        there = {row[0] for row in self._rows("SHOW TABLES")}
        if not {"campaigns", "trials"} <= there:
            return []
        begun = self._rows("SELECT 1 FROM campaigns WHERE region = :region", region=self.region)
        return self.left().complete() if begun else []

    def _rows(self, statement: str, **values: str) -> list[Any]:
        # Over the server's own socket: the proxy in front of it may be away on purpose.
        database = Database(self.platform.database.name, self.platform.mariadb.port, self.platform.mariadb.socket)
        with create_engine(database.socket_url, poolclass=NullPool).connect() as connection:
            return list(connection.execute(text(statement), values))

    @staticmethod
    def _wait(holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain until {what}"
            time.sleep(0.5)
