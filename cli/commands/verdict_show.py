"""`tunegate verdict show`: the immutable record of a verdict."""

from __future__ import annotations

import json

from cli.exit_codes import EXIT_OK
from cli.terminal import print_line
from tunegate.application.verdict_lookup import find_verdict
from tunegate.installation import Installation


def run(verdict: str) -> int:
    """Print the record as JSON. Raises BadInput when there is none."""
    row = find_verdict(Installation.from_environment(create=False), verdict)
    print_line(json.dumps({"id": row.id, **row.document}, indent=2))
    return EXIT_OK
