"""Locations outside the workspace folder, named by addresses in the environment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tunegate.domain.errors import BadInput, Fault

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
# Project ids may be of the form `domain.example:project`.
_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_DATASET = re.compile(r"\w{1,1024}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of this machine, or of a file system it sees."""

    path: Path


@dataclass(frozen=True, slots=True)
class Bucket:
    """The part of a bucket of Google Cloud Storage below `prefix`, which is empty or ends with a slash."""

    name: str
    prefix: str

    def __str__(self) -> str:
        return f"gs://{self.name}/{self.prefix}".rstrip("/")


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset of BigQuery."""

    project: str
    name: str

    def __str__(self) -> str:
        return f"bigquery://{self.project}/{self.name}"


def files_location(variable: str, address: str, default: Path) -> Folder | Bucket:
    """The place of files that `address` names: `gs://bucket/prefix` or a folder; `default` when it is empty.

    `variable` is where the address was found. Raises BadInput for any other address.
    """
    if not address:
        return Folder(default)
    if "://" not in address:
        return Folder(Path(address).expanduser().resolve())
    parts = urlsplit(address)
    prefix = parts.path.strip("/")
    bare = f"gs://{parts.netloc}{parts.path}" == address
    if bare and _BUCKET.fullmatch(parts.netloc) and (not prefix or _PREFIX.fullmatch(prefix)):
        return Bucket(parts.netloc, f"{prefix}/" if prefix else "")
    raise _misread(variable, "a folder or gs://BUCKET/PREFIX", address)


def dataset_location(variable: str, address: str) -> Dataset | None:
    """The dataset that `address` names, `bigquery://project/dataset`; None when it is empty. Raises BadInput for any other."""
    if not address:
        return None
    scheme, _, rest = address.partition("://")
    project, _, name = rest.partition("/")
    if scheme == "bigquery" and _PROJECT.fullmatch(project) and _DATASET.fullmatch(name):
        return Dataset(project, name)
    raise _misread(variable, "bigquery://PROJECT/DATASET", address)


def _misread(variable: str, form: str, address: str) -> BadInput:
    # Somebody may have put the URL of a database here, and with it a password.
    found = re.sub(r"//[^/@]*@", "//…@", address)
    return BadInput(Fault(f"the address must be {form}", f"{found:.200}", variable, "Correct it, or unset it for the default."))
