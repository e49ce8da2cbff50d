"""A home with an approved candidate, and a street that reports to a folder; what the candidate is worth there is planted."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import yaml

from tests.synthetic.published import published_text
from tests.unit.release.conftest import SettableClock, approval_of, candidate_of, judged_at, record
from tunegate.adapters.observation_rows import COLUMNS
from tunegate.application.releases import release_service
from tunegate.config.lease_times import LeaseTimes
from tunegate.config.loading import load_region
from tunegate.config.locations import Folder
from tunegate.config.plan import CampaignPlan
from tunegate.config.workspace import Workspace
from tunegate.domain.days import Arm
from tunegate.domain.parameters import ParameterSpec
from tunegate.domain.releases import Release
from tunegate.domain.simulation import CityFacts, SimulatorDescription
from tunegate.experiment.observations import Observation
from tunegate.experiment.schedule import Window
from tunegate.installation import Installation
from tunegate.ports.campaign_store import CampaignRow
from tunegate.release.experiments import Experiment, experiment_of

REGION = "toy"
SWITCHBACK = {
    "days": 4,
    "window_min": 120,
    "washout_min": 30,
    "harm_limit_pct": -2.0,
    "level": 0.1,
    "looks": [2, 4],
    "time_zone": "America/New_York",
    "currency": "USD",
}

_FILE = {
    "region": REGION,
    "seed": 7,
    "simulator": {"command": ["toysim"], "city": "toy"},
    "periods": {
        "newest_complete_day": "auto",
        "history_days": 5,
        "tuning_days": 2,
        "validation_days": 2,
        "test_days": 7,
    },
    "search": {
        "trials": 10,
        "failure_budget": 3,
        "confirm_top": 2,
        "confirm_seeds_per_day": 2,
        "space": {"gamma": {"low": 0.5, "high": 0.99}, "max_wait_s": {"type": "int", "low": 30, "high": 600}},
    },
    "production": {"gamma": 0.95, "max_wait_s": 300},
    "gate": {
        "seeds_per_day": 2,
        "minimum_effect_pct": 0.5,
        "fallback_margin_pct": 0.5,
        "one_sided_level": 0.05,
        "verdicts_per_period": 2,
        "minimum_days": 5,
        "maximum_test_age_days": 30,
        "worst_zone_margin_pct": None,
        "guardrails": {},
    },
    "release": {"approvers": ["Ada", "ben"], "four_eyes": False},
}
_TOY = SimulatorDescription(
    "toysim",
    "1",
    (
        ParameterSpec("gamma", "float", "1/min", 0.5, 0.999, 0.95, "Discount."),
        ParameterSpec("max_wait_s", "int", "s", 10, 3600, 300, "Assumed wait."),
    ),
    (),
    (),
    CityFacts("toy", "sha256:0", date(2024, 1, 1), date(2024, 3, 31), 100, 50, "USD", 100),
)


@dataclass
class StreetHome:
    """A home in a folder; every `installation` is what another process would open."""

    root: Path
    slack_block: str | None = None
    clock: SettableClock = field(default_factory=lambda: SettableClock(judged_at(record()) + timedelta(hours=1)))

    @property
    def folder(self) -> Path:
        return self.root / "street"

    def open(self) -> Installation:
        home = self.root / "home"
        workspace = Workspace(
            home,
            dataset=None,
            published=Folder(home / "published"),
            reports=Folder(home / "reports"),
            slack_block=self.slack_block,
            user="carl",
            configs=self.root,
            lease_times=LeaseTimes.parse(""),
            database="",
            study="",
        )
        return Installation(workspace, clock=self.clock)

    def prepare(self, **switchback: object) -> None:
        """A region file, the campaign that it began and the verdict on its candidate."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.root / "toy.yaml"
        plan = {"switchback": {**SWITCHBACK, **switchback}, "observations": {"folder": "street"}}
        file.write_text(yaml.safe_dump({**_FILE, "rollout_plan": plan}))
        installation, made = self.open(), record()
        campaign = CampaignPlan.of("toy-1", load_region(file), "toy", _TOY)
        at = judged_at(made)
        row = CampaignRow("toy-1", REGION, replace(campaign, requested_by="carl").as_document(), campaign.config.digest, at)
        installation.campaigns.start(row)
        assert installation.verdicts.save(REGION, "toy-1", made.document, at) == made.id

    def approve(self) -> Release:
        plan = load_region(self.root / "toy.yaml").rollout_plan
        return release_service(self.open()).approve(candidate_of(record(), rollout_plan=plan), approval_of(record()))

    def experiment(self) -> Experiment:
        begun = [each for each in self.open().registry.history(REGION) if each.kind == "experiment"]
        return experiment_of(begun[-1])

    def published(self) -> str | None:
        return published_text(self.open().publisher, REGION)

    def observe(
        self, effect_pct: float, until: datetime, change: Callable[[Observation], Observation | None] | None = None
    ) -> int:
        """Write the rows of all windows over by then; `change` alters one or leaves it out. Returns how many were written."""
        experiment = self.experiment()
        rows = [observed(experiment, window, effect_pct) for window in experiment.schedule.windows if window.end_utc <= until]
        written = [row for row in (rows if change is None else map(change, rows)) if row is not None]
        write_rows(self.folder / "street.csv", written)
        return len(written)


def observed(experiment: Experiment, window: Window, effect_pct: float) -> Observation:
    """What a window earns: a share of the day that depends on its hour, some noise, and the effect of the candidate."""
    day, minute = experiment.schedule.local_slot(window)
    draw = random.Random(f"{day} {minute}")
    usual = 100_000 * (1.5 + ((minute // 60 - 14) % 24) / 24) * (1 + 0.05 * day)
    candidate = window.arm is Arm.CANDIDATE
    return Observation(
        region=experiment.region,
        window_start=window.start_utc,
        arm=window.arm.value,
        revenue_minor=round(usual * draw.gauss(1.0, 0.01) * (1 + effect_pct / 100 * candidate)),
        driver_hours=75.0 * draw.gauss(1.0, 0.005),
        trips=round(usual / 1500),
        version=experiment.number if candidate else experiment.production_version,
        recorded_at=window.end_utc + timedelta(minutes=10),
        currency="USD",
        metrics={"wait_mean_s": 200.0 * draw.gauss(1.0, 0.02)},
    )


def write_rows(path: Path, rows: list[Observation]) -> None:
    """Rows as a street would write them: under a hidden name first."""
    hidden = path.with_name(f".{path.name}")
    metrics = sorted({name for row in rows for name in row.metrics})
    with hidden.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *metrics])
        for row in rows:
            values = [getattr(row, name) for name in COLUMNS] + [row.metrics.get(name, "") for name in metrics]
            writer.writerow([value.isoformat() if isinstance(value, datetime) else value for value in values])
    hidden.replace(path)
