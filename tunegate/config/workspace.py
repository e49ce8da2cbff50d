"""Where an installation stores its data: in one folder, unless the environment names other locations."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, field
from pathlib import Path

from tunegate.config.lease_times import LEASE_VARIABLE, LeaseTimes
from tunegate.config.locations import Bucket, Dataset, Folder, dataset_location, files_location

HOME_VARIABLE = "TUNEGATE_HOME"
CONFIGS_VARIABLE = "TUNEGATE_CONFIGS"
PERSON_VARIABLE = "TUNEGATE_USER"
SLACK_VARIABLE = "TUNEGATE_SLACK_BLOCK"
DATABASE_VARIABLE = "TUNEGATE_DATABASE_URL"
STUDY_VARIABLE = "TUNEGATE_STUDY_URL"
RESULTS_VARIABLE = "TUNEGATE_RESULTS_URL"
PUBLISH_VARIABLE = "TUNEGATE_PUBLISH_URL"
REPORTS_VARIABLE = "TUNEGATE_REPORTS_URL"
REPORTS_WEB_VARIABLE = "TUNEGATE_REPORTS_WEB"
DEFAULT_HOME = Path(".tunegate")
DEFAULT_CONFIGS = Path("configs")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder that holds campaigns and their results, and the places outside it that the environment names.

    `dataset` keeps day results, trials and verdicts for analysts; None: day results stay in the database. `published` is what
    production reads, one JSON document for each region. `reports` holds the HTML page of every campaign and their index.
    `slack_block` names the Prefect block through which notices go to Slack, None where nobody is notified. `user` is who begins
    campaigns here, None where the system knows none. `configs` is the folder of reviewed configurations: what decides a verdict
    that may be released comes from files below it. `lease_times` say when a process that has gone silent counts as lost.
    """

    root: Path
    dataset: Dataset | None
    published: Folder | Bucket
    reports: Folder | Bucket
    slack_block: str | None
    user: str | None
    lease_times: LeaseTimes
    configs: Path
    # URLs, empty where the environment names none. Not shown: both may hold a password.
    database: str = field(repr=False)
    study: str = field(repr=False)

    @classmethod
    def from_environment(cls) -> Workspace:
        """The folder named by TUNEGATE_HOME, else `.tunegate` in the working directory. Raises BadInput."""
        root = Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME).resolve()
        return cls(
            root,
            dataset=dataset_location(RESULTS_VARIABLE, _variable(RESULTS_VARIABLE)),
            published=files_location(PUBLISH_VARIABLE, _variable(PUBLISH_VARIABLE), root / "published"),
            reports=files_location(REPORTS_VARIABLE, _variable(REPORTS_VARIABLE), root / "reports"),
            slack_block=_variable(SLACK_VARIABLE) or None,
            user=_variable(PERSON_VARIABLE) or _login_name(),
            lease_times=LeaseTimes.parse(_variable(LEASE_VARIABLE)),
            configs=Path(_variable(CONFIGS_VARIABLE) or DEFAULT_CONFIGS).absolute(),
            database=_variable(DATABASE_VARIABLE),
            study=_variable(STUDY_VARIABLE),
        )

    @property
    def prefect_home(self) -> Path:
        """Database and log of the embedded Prefect server."""
        return self.root / "prefect"

    @property
    def database_url(self) -> str:
        """Campaigns, day results, verdict records, the ledger, the registry of releases and leases. May hold a password."""
        return self.database or f"sqlite:///{self.root / 'results.sqlite'}"

    @property
    def is_shared(self) -> bool:
        """Whether other machines work on the same campaigns: the database is a server."""
        return self.database_url.startswith("mysql")

    @property
    def reports_web(self) -> str | None:
        """The address at which the folder of reports is served, without a slash at its end; None where it is not.

        Read when it is needed: a command may find a running `tunegate up`, which serves reports, after it read its settings.
        """
        return _variable(REPORTS_WEB_VARIABLE).rstrip("/") or None

    @property
    def cities(self) -> Path:
        """City folders made from raw data, each named by what it was made from."""
        return self.root / "cities"

    def study_url(self, campaign: str) -> str:
        """The Optuna study of a campaign: in the shared database if there is one, else in a file. May hold a password."""
        return self.shared_study_url or f"journal:///{self.studies / f'{campaign}.journal'}"

    @property
    def shared_study_url(self) -> str | None:
        """Where all studies are together; None where each has a file. May hold a password."""
        return self.study or (self.database_url if self.is_shared else None)

    @property
    def studies(self) -> Path:
        """The studies that are kept in files."""
        return self.root / "studies"

    def region_lock(self, region: str) -> Path:
        """Held while a campaign of the region runs on this machine."""
        return self.root / "locks" / f"{region}.lock"


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def _login_name() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None  # a container whose user has no name
