"""`tunegate registry diff`: the parameters that differ between two versions."""

from __future__ import annotations

from cli.exit_codes import EXIT_OK
from cli.registry_lookup import find_version, history_of
from cli.release_text import changed_parameters
from cli.terminal import print_line
from tunegate.domain.errors import BadInput, Fault
from tunegate.installation import Installation


def run(region: str, versions: tuple[int, ...]) -> int:
    """Compare two versions, by default the previous and the current one. Raises BadInput."""
    history = history_of(Installation.from_environment(create=False).registry, region)
    compared = versions or (history[-1].previous or history[-1].version, history[-1].version)
    if len(compared) != 2:
        rule = "two versions must be compared"
        raise BadInput(Fault(rule, f"{len(compared)}", "tunegate registry diff", "Name two, or none."))
    before, after = (find_version(history, version) for version in compared)
    print_line(f"{region}: version {before.version} to version {after.version}")
    for line in changed_parameters(before.parameters, after.parameters) or ["  no parameter differs"]:
        print_line(line)
    return EXIT_OK
