from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tunegate.config.loading import load_region
from tunegate.domain.errors import BadInput

REGION = """\
region: toyville
seed: 7
simulator:
  command: [toysim]
  city: toyville
periods:
  history: {first: 2024-03-01, last: 2024-03-05}
  tuning: {first: 2024-03-06, last: 2024-03-07}
  validation: {first: 2024-03-08, last: 2024-03-09}
  test: {first: 2024-03-10, last: 2024-03-16}
search:
  trials: 10
  failure_budget: 3
  confirm_top: 2
  confirm_seeds_per_day: 2
  space:
    gamma: {low: 0.5, high: 0.99}
    max_wait_s: {low: 30, high: 600, log: true}
    sweeps: {type: int, low: 1, high: 8}
production:
  gamma: 0.9
  max_wait_s: 300
  sweeps: 4
gate:
  seeds_per_day: 2
  minimum_effect_pct: 0.5
  fallback_margin_pct: 0.5
  one_sided_level: 0.05
  verdicts_per_period: 2
  minimum_days: 5
  maximum_test_age_days: 30
  worst_zone_margin_pct: 2.0
  guardrails:
    wait_mean_s: {good: lower, kind: relative_pct, margin: 2.0}
"""


@pytest.fixture
def region_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sound region file, named relative to the working directory as people do."""
    monkeypatch.chdir(tmp_path)
    Path("toyville.yaml").write_text(REGION)
    return Path("toyville.yaml")


@pytest.fixture
def faults_of(region_file: Path) -> Callable[..., list[str]]:
    """What `load_region` says of the file with overrides, a text replaced by another, or both."""

    def load(*overrides: str, replace: tuple[str, str] | None = None) -> list[str]:
        if replace is not None:
            assert replace[0] in REGION
            region_file.write_text(REGION.replace(*replace))
        with pytest.raises(BadInput) as refused:
            load_region(region_file, overrides)
        return [str(fault) for fault in refused.value.faults]

    return load
