"""`tunegate registry show`: one version of a region's parameters as JSON."""

from __future__ import annotations

import json

from cli.exit_codes import EXIT_OK
from cli.registry_lookup import find_version, history_of
from cli.terminal import print_line
from tunegate.domain.plain_json import plain
from tunegate.installation import Installation


def run(region: str, version: int | None) -> int:
    """Print a version, by default the current one. Raises BadInput when there is none."""
    history = history_of(Installation.from_environment(create=False).registry, region)
    release = history[-1] if version is None else find_version(history, version)
    print_line(json.dumps(plain(release), indent=2, ensure_ascii=False))
    return EXIT_OK
