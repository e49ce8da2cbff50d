"""Where the configuration of a campaign came from, as its verdict record says it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigProvenance:
    """The region file of a campaign, the digest of the keys that decide its verdict, and every override.

    `file` is relative to the folder of reviewed configurations, or absolute where it is not below it. `exploratory` names every
    reason why a verdict under this configuration can never be released; it is empty for a campaign of reviewed files.
    """

    file: str
    digest: str
    overrides: tuple[str, ...]
    exploratory: tuple[str, ...]
