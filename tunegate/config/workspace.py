"""Where everything of one installation lives on this machine."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "TUNEGATE_HOME"
PERSON_VARIABLE = "TUNEGATE_USER"
SLACK_VARIABLE = "TUNEGATE_SLACK_BLOCK"
DEFAULT_HOME = Path(".tunegate")


def person() -> str | None:
    """Who is at work: TUNEGATE_USER, else the login name; None where the system knows none."""
    named = os.environ.get(PERSON_VARIABLE, "").strip()
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None  # a container whose user has no name


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that holds campaigns and their results; nothing outside it is written."""

    root: Path

    @classmethod
    def from_environment(cls) -> Workspace:
        """The folder named by TUNEGATE_HOME, else `.tunegate` in the working directory."""
        return cls(Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).resolve())

    @property
    def prefect_home(self) -> Path:
        """Database and log of the embedded Prefect server."""
        return self.root / "prefect"

    @property
    def results_url(self) -> str:
        """Campaigns, day results, verdict records, the ledger and the registry of releases."""
        return f"sqlite:///{self.root / 'results.sqlite'}"

    @property
    def slack_block(self) -> str | None:
        """Name of the Prefect block through which notices go to Slack; None where nobody is told."""
        return os.environ.get(SLACK_VARIABLE, "").strip() or None

    @property
    def cities(self) -> Path:
        """City folders made from raw data, one for each region."""
        return self.root / "cities"

    @property
    def published(self) -> Path:
        """What production reads: one JSON file for each region."""
        return self.root / "published"

    def study_url(self, campaign: str) -> str:
        """The Optuna study of a campaign."""
        return f"journal:///{self.root / 'studies' / f'{campaign}.journal'}"

    def report(self, campaign: str) -> Path:
        """The HTML report of a campaign."""
        return self.root / "reports" / f"{campaign}.html"

    @property
    def report_index(self) -> Path:
        """The page that lists every campaign."""
        return self.root / "reports" / "index.html"

    def region_lock(self, region: str) -> Path:
        """Held while a campaign of the region runs on this machine."""
        return self.root / "locks" / f"{region}.lock"
