"""`tunegate approve | decline | rollback | registry`: what people decide about production, and what was decided before.

Each command first publishes what the registry says where a killed process left production reading something else.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.decision_followup import end_waiting_runs, tell_people
from tunegate import wiring
from tunegate.domain.errors import BadInput, Fault
from tunegate.domain.releases import Approval, Decision, Release, ReleaseKind
from tunegate.gate.documents import plain
from tunegate.ports.records import VerdictRow
from tunegate.ports.results import RecordConflict
from tunegate.release.service import PublishingFailed, ReleaseLost
from tunegate.report.messages.notices import Declined, Released, RolledBack

EXIT_OK = 0
EXIT_FAILED = 1
TABLE_COLUMNS = 140
SHORT_DIGEST = 19  # `sha256:` and twelve digits
Command = Callable[[argparse.Namespace], int]


def add_to(commands: Any) -> None:
    """Add these commands to the subparsers of the command line (argparse gives their class no public name)."""
    approve = commands.add_parser("approve", help="release the candidate of a verdict into production")
    _decision_arguments(approve)
    approve.add_argument(
        "--override",
        action="store_true",
        help="admit a candidate whose verdict is not promote or whose routes block; marked for ever",
    )
    approve.set_defaults(run=_deciding(_approve))

    decline = commands.add_parser("decline", help="close a verdict without releasing its candidate")
    _decision_arguments(decline)
    decline.set_defaults(run=_deciding(_decline))

    rollback = commands.add_parser("rollback", help="bring an earlier version back into production, byte for byte")
    rollback.add_argument("region", metavar="REGION")
    rollback.add_argument("--to", type=int, metavar="VERSION", help="version to bring back; by default the one that ran before")
    _person_arguments(rollback)
    rollback.set_defaults(run=_deciding(_rollback))

    registry = commands.add_parser("registry", help="list, show or compare what production ran")
    actions = registry.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the current version of every region")
    listing.set_defaults(run=_deciding(_list))
    show = actions.add_parser("show", help="one version as JSON")
    show.add_argument("region", metavar="REGION")
    show.add_argument("--version", type=int, metavar="VERSION", help="by default the current one")
    show.set_defaults(run=_deciding(_show))
    diff = actions.add_parser("diff", help="parameters that differ between two versions")
    diff.add_argument("region", metavar="REGION")
    diff.add_argument(
        "versions", type=int, nargs="*", metavar="VERSION", help="two; by default the previous and the current one"
    )
    diff.set_defaults(run=_deciding(_diff))
    history = actions.add_parser("history", help="every version and every decision of a region")
    history.add_argument("region", metavar="REGION")
    history.add_argument("--json", action="store_true", help="print them as one JSON object")
    history.set_defaults(run=_deciding(_history))


def _decision_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("verdict", metavar="VERDICT", help="id of a verdict, or at least its first six digits")
    _person_arguments(command)


def _person_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--by", required=True, metavar="WHO", help="who decides; the registry keeps it")
    command.add_argument("--why", required=True, metavar="TEXT", help="the reason; the registry keeps it")


def _deciding(command: Command) -> Command:
    """The command on a registry and published files that agree, with the failures that all of them share in plain words."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            for repair in wiring.release_service().repair_publications():
                if repair.failure is not None:
                    _say(f"warning: {repair.failure}")
                elif repair.changed:
                    _say(f"{repair.region}: the published document did not match the registry and was published again")
            return command(arguments)
        except ReleaseLost as error:
            _say(f"error: {error}")
        except RecordConflict as error:
            raise BadInput(error.fault) from error
        except PublishingFailed as error:
            _say(f"error: {error}. The registry has it; once the cause is removed, the next command publishes it.")
        return EXIT_FAILED

    return run


def _approve(arguments: argparse.Namespace) -> int:
    row = known_verdict(arguments.verdict)
    before = wiring.stores().registry.current(row.region)
    approval = Approval(row.region, row.id, arguments.by, arguments.why, arguments.override)
    case = wiring.release_candidate(row)
    release = wiring.release_service().approve(case, approval)
    _announce(release, case.configured if before is None else before.parameters)
    said = (release.approver, release.reason, row.id, release.override)
    tell_people(Released(release.region, release.version, *said, run_url=None))
    end_waiting_runs(release, row.id)
    return EXIT_OK


def _decline(arguments: argparse.Namespace) -> int:
    row = known_verdict(arguments.verdict)
    decision = wiring.release_service().decline(row.region, row.id, arguments.by, arguments.why)
    _print(f"{row.id} is declined; production of {row.region} stays as it is")
    tell_people(Declined(row.region, row.id, arguments.by, arguments.why, run_url=None))
    end_waiting_runs(decision, row.id)
    return EXIT_OK


def _rollback(arguments: argparse.Namespace) -> int:
    before = wiring.stores().registry.current(arguments.region)
    release = wiring.release_service().rollback(arguments.region, arguments.to, arguments.by, arguments.why)
    _announce(release, release.parameters if before is None else before.parameters)
    tell_people(RolledBack(release.region, release.version, release.content, release.approver, release.reason, run_url=None))
    return EXIT_OK


def _list(_arguments: argparse.Namespace) -> int:
    registry = wiring.stores().registry
    table = Table("region", *_RELEASE_COLUMNS, box=None)
    regions = registry.regions()
    for region in regions:
        current = registry.current(region)
        if current is not None:
            table.add_row(region, *_release_cells(current))
    Console(width=TABLE_COLUMNS).print(table if regions else "no region has a release yet")
    return EXIT_OK


def _show(arguments: argparse.Namespace) -> int:
    history = _known_history(arguments.region)
    release = history[-1] if arguments.version is None else _version(history, arguments.version)
    _print(json.dumps(_release_document(release), indent=2, ensure_ascii=False))
    return EXIT_OK


def _diff(arguments: argparse.Namespace) -> int:
    history = _known_history(arguments.region)
    versions = arguments.versions or [history[-1].previous or history[-1].version, history[-1].version]
    if len(versions) != 2:
        raise BadInput(
            Fault("two versions must be compared", f"{len(versions)}", "tunegate registry diff", "Name two, or none.")
        )
    before, after = (_version(history, version) for version in versions)
    _print(f"{arguments.region}: version {before.version} to version {after.version}")
    for line in _changes(before.parameters, after.parameters) or ["  no parameter differs"]:
        _print(line)
    return EXIT_OK


def _history(arguments: argparse.Namespace) -> int:
    registry = wiring.stores().registry
    releases, decisions = registry.history(arguments.region), registry.decisions(arguments.region)
    if arguments.json:
        document = {
            "releases": [_release_document(release) for release in releases],
            "decisions": [plain(decision) for decision in decisions],
        }
        _print(json.dumps(document, ensure_ascii=False))
        return EXIT_OK
    if not releases and not decisions:
        _print(f"{arguments.region} has no release and no decision yet")
        return EXIT_OK
    versions = Table(*_RELEASE_COLUMNS, box=None)
    for release in releases:
        versions.add_row(*_release_cells(release))
    console = Console(width=TABLE_COLUMNS)
    console.print(versions)
    if decisions:
        console.print(_decision_table(decisions))
    return EXIT_OK


def _decision_table(decisions: tuple[Decision, ...]) -> Table:
    table = Table("verdict", "decision", "when (UTC)", "who", "why", box=None)
    for decision in decisions:
        when = f"{decision.when:%Y-%m-%d %H:%M}"
        table.add_row(decision.verdict[:SHORT_DIGEST], decision.outcome.value, when, decision.approver, decision.reason)
    return table


_RELEASE_COLUMNS = ("version", "kind", "when (UTC)", "who", "why", "verdict")


def _release_cells(release: Release) -> tuple[str, ...]:
    kind = release.kind.value if release.restores is None else f"{release.kind.value} to {release.restores}"
    marked = f"{kind}, OVERRIDE" if release.override else kind
    verdict = "" if release.verdict is None else release.verdict[:SHORT_DIGEST]
    return (str(release.version), marked, f"{release.when:%Y-%m-%d %H:%M}", release.approver, release.reason, verdict)


def _release_document(release: Release) -> dict[str, Any]:
    document: dict[str, Any] = plain(release)
    return {**document, "parameters": dict(release.parameters)}


def _announce(release: Release, before: Mapping[str, float]) -> None:
    restored = "" if release.restores is None else f", which restores version {release.restores}"
    _print(f"{release.region} runs version {release.version}{restored}, {release.kind.value} by {release.approver}")
    if release.override:
        _print("  OVERRIDE: these parameters came in against their verdict")
    for line in _changes(before, release.parameters):
        _print(line)
    _print(f"  production reads {wiring.publisher().location(release.region)}")
    if release.kind is ReleaseKind.ROLLOUT:
        _print(f"  back: tunegate rollback {release.region} --by WHO --why TEXT")


def _changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    return [
        f"  {name:<24} {_value(before.get(name))} -> {_value(after.get(name))}"
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    ]


def _value(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.6g}"


def known_verdict(verdict: str) -> VerdictRow:
    """A verdict by its id, or by at least the first six digits of it. Raises BadInput when there is none."""
    found = wiring.stores().verdicts.find(verdict)
    if found is None:
        from tasks.verdict.records import unknown_verdict  # noqa: PLC0415 - loads Prefect

        raise unknown_verdict(verdict)
    return found


def _known_history(region: str) -> tuple[Release, ...]:
    history = wiring.stores().registry.history(region)
    if not history:
        remedy = "`tunegate registry list` shows the regions that have."
        raise BadInput(Fault("a region must have a release", region, "the registry", remedy))
    return history


def _version(history: tuple[Release, ...], version: int) -> Release:
    found = next((release for release in history if release.version == version), None)
    if found is None:
        place = f"registry of {history[-1].region}"
        raise BadInput(Fault("a version must be in the registry", str(version), place, f"There is 1 to {history[-1].version}."))
    return found


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
