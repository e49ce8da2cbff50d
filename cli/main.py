"""The command line: `tunegate check | retune`. Prefect is imported only when a command needs it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from cli.commands import evidence as evidence_commands
from cli.commands import release as release_commands
from cli.commands import routes as route_commands
from cli.commands import setup, up
from cli.local_server.server import ServerDidNotStart
from cli.provisioning.deployments import NotDeployed
from tunegate import __version__, wiring
from tunegate.domain.errors import BadInput, DatabaseUnreachable, FailureBudgetSpent, SimulationFailed
from tunegate.ports.outage import Outage
from tunegate.ports.results import RecordConflict

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 for any verdict, 2 for bad input, 1 for a failed run."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except BadInput as error:
        for fault in error.faults:
            _say(f"error: {fault}")
        return EXIT_BAD_INPUT
    except RecordConflict as error:
        _say(f"error: {error.fault}")
        return EXIT_BAD_INPUT
    except (DatabaseUnreachable, FailureBudgetSpent, SimulationFailed, ServerDidNotStart, NotDeployed, Outage) as error:
        _say(f"failed: {error}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        _say("interrupted")
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tunegate", description="Tune a recommender by simulation; promote only what is proven."
    )
    parser.add_argument("--version", action="version", version=f"tunegate {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = commands.add_parser("check", help="explain every fault of a configuration at once")
    _config_arguments(check)
    check.set_defaults(run=_check)

    retune = commands.add_parser("retune", help="tune a region, confirm the best, and judge it on held-out days")
    _config_arguments(retune)
    retune.add_argument("--json", action="store_true", help="print the outcome as one JSON object on the last line of stdout")
    retune.add_argument("--resume", action="store_true", help="go on with the region's newest campaign that did not finish")
    retune.set_defaults(run=_retune)

    power = commands.add_parser("power", help="say what the planned gate can see, before any test day is spent")
    _config_arguments(power)
    power.add_argument("--json", action="store_true", help="print the forecast as one JSON object")
    power.set_defaults(run=evidence_commands.power)

    ledger = commands.add_parser("ledger", help="list every use of a test period by a region")
    ledger.add_argument("region", metavar="REGION")
    ledger.add_argument("--json", action="store_true", help="print the entries as one JSON list")
    ledger.set_defaults(run=evidence_commands.ledger)

    _verdict_commands(commands.add_parser("verdict", help="list, show or replay the records of verdicts"))
    shown = commands.add_parser("routes", help="show what the route check of a verdict found")
    shown.add_argument("verdict", metavar="VERDICT", help="id of a verdict, or at least its first six digits")
    shown.add_argument("--json", action="store_true", help="print the immutable record of the check")
    shown.set_defaults(run=route_commands.routes)

    release_commands.add_to(commands)
    up.add_to(commands)
    setup.add_to(commands)
    return parser


def _verdict_commands(verdict: argparse.ArgumentParser) -> None:
    commands = verdict.add_subparsers(required=True, metavar="ACTION")
    listing = commands.add_parser("list", help="every verdict of a region, newest first")
    listing.add_argument("region", metavar="REGION")
    listing.set_defaults(run=evidence_commands.verdict_list)
    for name, run, words in (
        ("show", evidence_commands.verdict_show, "print the immutable record"),
        ("replay", evidence_commands.verdict_replay, "compute it again from stored day results, bit for bit"),
    ):
        command = commands.add_parser(name, help=words)
        command.add_argument("id", metavar="ID", help="id of a verdict, or at least its first six digits")
        command.set_defaults(run=run)


def _config_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("config", metavar="CONFIG", help="a region's YAML file, e.g. configs/regions/manhattan.yaml")
    command.add_argument(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="KEY=VALUE",
        help="override dotted.key=value; repeatable",
    )


def _check(arguments: argparse.Namespace) -> int:
    plan = asyncio.run(wiring.plan_region(arguments.config, tuple(arguments.overrides), "check"))
    _say(f"{arguments.config}: fits {plan.description.name} {plan.description.version} and the city {plan.city_facts.name}")
    for name, period in plan.periods.in_order():
        _say(f"  {name:<10} {period}  ({len(period.days)} days)")
    return EXIT_OK


def _retune(arguments: argparse.Namespace) -> int:
    from cli.commands.retune import run_retune  # noqa: PLC0415 - `tunegate check` must answer without loading Prefect

    return run_retune(arguments.config, tuple(arguments.overrides), resume=arguments.resume, as_json=arguments.json)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
