"""`tunegate up`: everything a team has, on one machine, in one command: server and UI, workers, deployments, dashboards.

Nothing outlives the command: Ctrl-C ends its children in order, and however else it ends, they go with it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from cli.commands.release import known_verdict
from cli.commands.setup import set_up
from cli.local_server import child_processes, running_instance
from cli.local_server.child_processes import Child
from cli.local_server.running_instance import Team
from cli.local_server.server import HOST, ServerDidNotStart, api_on, start_server, use_home, wait_until_it_answers
from cli.provisioning.deployments import deploy_all
from tunegate import wiring
from tunegate.config.locations import Folder
from tunegate.config.workspace import HOME_VARIABLE, REPORTS_WEB_VARIABLE
from tunegate.domain.errors import BadInput, Fault
from tunegate.ports.records import VerdictRow

EXIT_OK = 0
DEFAULT_PORT = 4200
POOLS = ("orchestrators", "tuning", "simulations")
WORKER_QUERY_S = 2
HEARTBEAT_S = 30
LOOK_EVERY_S = 0.5


def up(arguments: argparse.Namespace) -> int:
    """Bring everything up, say where it is, and keep it until Ctrl-C. Raises BadInput, ServerDidNotStart, NotDeployed."""
    workspace, ports = wiring.workspace(), range(arguments.port, arguments.port + 3)
    asked, reports = None if arguments.ask is None else known_verdict(arguments.ask), _reports_folder()
    addresses = _addresses(ports)
    with _ended_by_signals(), running_instance.stand(workspace.prefect_home, addresses):
        _refuse_ports_in_use(ports)
        _set_environment(addresses)
        with _kept([start_server(workspace.prefect_home, ports[0], _server_settings(addresses))]) as server:
            asyncio.run(set_up("process", None, _quiet))
            deploy_all()
            asyncio.run(_schedules(on=arguments.schedules))
            with _kept(_start_others(ports, reports)) as others:
                wait_until_it_answers(others[-2], addresses.dashboard)
                wait_until_it_answers(others[-1], addresses.index)
                _welcome(addresses, schedules=arguments.schedules)
                if asked is not None:
                    _say(f"{asked.region}: approve or decline at {asyncio.run(_ask(asked))} (Resume, once it is suspended)")
                _until_one_ends([*server, *others])
    return EXIT_OK


def _addresses(ports: range) -> Team:
    server, dashboard, reports = (f"http://{HOST}:{port}" for port in ports)
    return Team(ui=server, api=api_on(ports[0]), dashboard=f"{dashboard}/dashboard", pages=reports)


def _refuse_ports_in_use(ports: range) -> None:
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                remedy = f"Choose another with --port; {len(ports)} in a row are needed."
                found = f"{port}: {error.strerror}"
                raise BadInput(Fault("a port must be free", found, HOST, remedy)) from None


def _set_environment(addresses: Team) -> None:
    """What every process of ours must know, and so the runs that workers start."""
    root = wiring.workspace().root
    use_home(wiring.workspace().prefect_home)
    os.environ.update(
        {
            HOME_VARIABLE: str(root),
            REPORTS_WEB_VARIABLE: addresses.pages,
            "PREFECT_API_URL": addresses.api,
            "PREFECT_UI_URL": addresses.ui,
            "PREFECT_WORKER_QUERY_SECONDS": str(WORKER_QUERY_S),
            # By these a run whose process is gone is told from one that works on; the automation of crashes waits for them.
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
        }
    )


def _server_settings(addresses: Team) -> Mapping[str, str]:
    return {
        "PREFECT_SERVER_UI_API_URL": addresses.api,
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(wiring.workspace().prefect_home / "ui"),
    }


def _start_others(ports: range, reports: Path) -> Iterator[Child]:
    """A worker for each pool, the dashboard of studies, and the pages of reports, with an index from the first moment on."""
    from tasks.campaign.report import write_index  # noqa: PLC0415 - Prefect reads its settings when it is imported

    home = wiring.workspace().prefect_home
    for pool in POOLS:
        arguments = (
            "-m",
            "prefect",
            "worker",
            "start",
            "--type",
            "process",
            "--pool",
            pool,
            "--name",
            f"{pool} of tunegate up",
        )
        yield child_processes.start(f"the worker of {pool}", arguments, home / f"worker-{pool}.log", {})
    dashboard = ("-m", "cli.local_server.dashboard", HOST, str(ports[1]))
    yield child_processes.start("the Optuna dashboard", dashboard, home / "dashboard.log", {})
    pages = ("-m", "http.server", str(ports[2]), "--bind", HOST, "--directory", str(reports))
    write_index()
    yield child_processes.start("the server of reports", pages, home / "reports.log", {})


def _reports_folder() -> Path:
    """The folder of reports. Raises BadInput where they go to a bucket: that has pages of its own."""
    match wiring.workspace().reports:
        case Folder(path):
            return path
        case other:
            rule, remedy = "`tunegate up` shows reports of a folder", "Unset TUNEGATE_REPORTS_URL, or use the team's server."
            raise BadInput(Fault(rule, str(other), "TUNEGATE_REPORTS_URL", remedy))


async def _schedules(*, on: bool) -> None:
    from prefect import get_client  # noqa: PLC0415 - Prefect reads its settings when it is imported

    from cli.provisioning.schedules import keep_schedules  # noqa: PLC0415

    async with get_client() as client:
        await keep_schedules(client, active=on)


async def _ask(verdict: VerdictRow) -> str | None:
    from tasks.release.begin_rollout import ask_for_approval  # noqa: PLC0415 - as above

    return await ask_for_approval(verdict.region, verdict.campaign, verdict.id)


@contextmanager
def _kept(started: Iterable[Child]) -> Iterator[list[Child]]:
    """Have children inside `with`, ended together at its end; those too that were started before the next one could not be."""
    running: list[Child] = []
    try:
        for child in started:
            running.append(child)  # noqa: PERF402 - one by one, or those before a failure would be lost
        yield running
    finally:
        child_processes.stop(*running)


def _until_one_ends(running: list[Child]) -> None:
    """Wait for Ctrl-C, or for a child that ends by itself, which is an error."""
    while True:
        for child in running:
            if child.has_ended:
                raise ServerDidNotStart(child.last_words(f"{child.name} ended with code {child.process.returncode}"))
        time.sleep(LOOK_EVERY_S)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Have SIGINT and SIGTERM end the command inside `with`, and nothing interrupt the end itself.

    A shell that is not interactive has its background jobs ignore SIGINT, and they would pass that on to their children.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: None)
        raise KeyboardInterrupt

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        _say("stopped")


def _welcome(addresses: Team, *, schedules: bool) -> None:
    _say(f"Prefect         {addresses.ui}/deployments   begin a campaign: `retune`, Run, Custom run")
    _say(f"approvals       {addresses.ui}/runs   a `rollout` that is suspended: open it, Resume")
    _say(f"reports         {addresses.index}")
    _say(f"studies         {addresses.dashboard}")
    _say("schedules       " + ("on" if schedules else "off; on with --schedules, or one by one on its deployment's page"))
    _say("Ctrl-C stops all of it; nothing done is lost.")


def _quiet(_line: str) -> None:
    """What `tunegate setup` tells step by step is no news here."""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def add_to(commands: Any) -> None:
    """Add the command to the subparsers of the command line (argparse gives their class no public name)."""
    command = commands.add_parser("up", help="bring up server, UI, workers, deployments and dashboards on this machine")
    command.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="of the UI; the next two are taken as well (default: %(default)s)"
    )
    command.add_argument("--schedules", action="store_true", help="let scheduled campaigns begin by themselves")
    command.add_argument("--ask", metavar="VERDICT", help="begin the run that asks for approval of a verdict's candidate")
    command.set_defaults(run=up)
