"""Two kinds of keys: what a campaign may vary, and what decides its verdict.

What decides comes from files below the folder of reviewed configurations, which a worker is deployed with, and from nowhere
else. A campaign with any other file or override runs as usual; its verdict is exploratory and can never be released.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunegate.config.document import Override
from tunegate.config.loading import load_region
from tunegate.config.region import RegionConfig
from tunegate.domain.canonical import content_digest
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.provenance import ConfigProvenance

# How the search goes about it: the gate judges whatever it finds, on days and by limits that none of these touch.
SEARCH_KEYS = frozenset(
    {
        "trials",
        "workers",
        "sampler",
        "pruner",
        "forecast",
        "seeds_per_day",
        "failure_budget",
        "infrastructure_failure_budget",
        "attempts_per_trial",
        "confirm_top",
        "confirm_seeds_per_day",
    }
)
# Which days and draws it is judged on: the ledger counts every use of a day, and the gate bounds their number and age.
DRAWN_KEYS = frozenset({"seed", "periods"})


def may_vary(override: Override) -> bool:
    """Whether a campaign may set this key by itself and still be released."""
    first, *rest = override.key
    if first == "search":
        return len(rest) == 1 and rest[0] in SEARCH_KEYS
    return first in DRAWN_KEYS


def provenance_of(config: RegionConfig, folder: Path) -> ConfigProvenance:
    """Where a configuration that was just read comes from; `folder` holds the reviewed files."""
    root = folder.resolve()
    file = config.file.resolve()
    return ConfigProvenance(
        file=file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file),
        digest=deciding_digest(config),
        overrides=tuple(override.text for override in config.overrides),
        exploratory=tuple(_exploratory_reasons(config, root)),
    )


def _exploratory_reasons(config: RegionConfig, root: Path) -> Iterator[str]:
    for file in dict.fromkeys(each.resolve() for each in config.files):
        if not file.is_relative_to(root):
            yield f"{file} is not below the folder of reviewed configurations, {root}"
    for override in config.overrides:
        if not may_vary(override):
            yield f"--set {override.text} changes what decides a verdict"


def deciding_digest(config: RegionConfig) -> str:
    """SHA-256 of everything that decides a verdict, with days and seed as they were overridden.

    Who may release is left out: that is read from the reviewed file at the moment of the release. So is production, which is
    compared with what runs at that moment, and where the street reports, which is read at every look.
    """
    document: dict[str, Any] = config.as_document()
    kept = {name: value for name, value in document.items() if name not in {"release", "production", "search"}}
    search = {name: value for name, value in document["search"].items() if name not in SEARCH_KEYS}
    if "rollout_plan" in kept:  # where the street reports may move at any time
        kept["rollout_plan"] = kept["rollout_plan"]["switchback"]
    worlds = {} if config.worlds is None else {"worlds_digest": config.worlds.worlds.digest}
    return content_digest({**kept, "search": search, **worlds})


def reviewed_config(provenance: ConfigProvenance, folder: Path) -> RegionConfig:
    """The configuration that a campaign claims, read again from the reviewed files as they are now.

    Raises BadInput when the claim cannot be released: no reviewed file, an override that decides, or other content by now.
    """
    place, again = f"configurations in {folder}", "Tune again: `tunegate retune` with a file of that folder."
    if provenance.exploratory:
        raise BadInput(exploratory_fault(provenance.exploratory, place))
    config = load_region(folder / provenance.file, provenance.overrides)
    now = provenance_of(config, folder)
    if now.exploratory:
        raise BadInput(exploratory_fault(now.exploratory, place))
    if now.digest != provenance.digest:
        rule = "a verdict must be of the reviewed configuration as it is now"
        raise BadInput(Fault(rule, f"{provenance.digest} judged by, {now.digest} in {provenance.file}", place, again))
    return config


def exploratory_fault(reasons: tuple[str, ...], place: str) -> Fault:
    """Why an exploratory verdict cannot be released."""
    rule = "an exploratory verdict can never be released"
    remedy = "Write the change into a file of the reviewed folder (TUNEGATE_CONFIGS), have it reviewed, and tune again."
    return Fault(rule, "; ".join(reasons), place, remedy)
