"""`tunegate up`: server and UI, workers, deployments and dashboards on this machine, for as long as the command runs.

Ctrl-C ends the child processes in order. When the command is killed, they are killed too.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cli.commands.setup import set_up
from cli.exit_codes import EXIT_OK
from cli.local_server import child_processes
from cli.local_server import own_settings as own
from cli.local_server.access import Access
from cli.local_server.child_processes import ChildProcess
from cli.local_server.home_secret import home_secret
from cli.local_server.own_settings import client_settings, own_settings
from cli.local_server.running_instance import InstanceAddresses, hold_instance_lock
from cli.local_server.server import HOST, ServerDidNotStart, api_on, start_server, wait_until_it_answers
from cli.local_server.sign_in import forget_tickets, sign_in_link
from cli.provisioning.deployments import deploy_all
from cli.publication_repair import report_repairs
from cli.terminal import print_line
from tunegate.adapters.local import private_process
from tunegate.application.releases import release_service
from tunegate.application.reports import write_index
from tunegate.application.verdict_lookup import find_verdict
from tunegate.config.locations import Folder
from tunegate.config.workspace import HOME_VARIABLE, REPORTS_WEB_VARIABLE, Workspace
from tunegate.domain.errors import BadInput, Fault
from tunegate.installation import Installation
from tunegate.ports.records import VerdictRow

POOLS = ("orchestrators", "tuning", "simulations")
WORKER_QUERY_S = 2
HEARTBEAT_S = 30
LOOK_EVERY_S = 0.5


def run(port: int, *, schedules: bool, ask: str | None) -> int:
    """Start everything, print where it is, and wait for Ctrl-C. Raises BadInput, ServerDidNotStart, NotDeployed."""
    installation, ports = Installation.from_environment(), range(port, port + 3)
    workspace = installation.workspace
    asked, reports = None if ask is None else find_verdict(installation, ask), _reports_folder(workspace)
    addresses = _addresses(ports)
    with _ended_by_signals(), hold_instance_lock(workspace.prefect_home, addresses):
        _refuse_ports_in_use(ports)
        report_repairs(release_service(installation).repair_publications())
        forget_tickets(workspace.prefect_home)
        with (
            own_settings(_settings(workspace, addresses)),
            _running([start_server(workspace.prefect_home, ports[0], _server_settings(workspace))]) as server,
        ):
            asyncio.run(set_up(workspace, "process", None, lambda _line: None))
            deploy_all()
            asyncio.run(_set_schedules(active=schedules))
            with _running(_start_others(installation, ports, reports)) as others:
                ours = {"Authorization": Access(home_secret(workspace.prefect_home)).authorization}
                wait_until_it_answers(others[-2], addresses.dashboard, ours)
                wait_until_it_answers(others[-1], addresses.index, ours)
                _print_addresses(addresses, sign_in_link(workspace.prefect_home, addresses.ui), schedules=schedules)
                if asked is not None:
                    print_line(
                        f"{asked.region}: approve or decline at {asyncio.run(_ask(asked))} (Resume, once it is suspended)"
                    )
                _until_one_ends([*server, *others])
    return EXIT_OK


def _addresses(ports: range) -> InstanceAddresses:
    server, dashboard, reports = (f"http://{HOST}:{port}" for port in ports)
    return InstanceAddresses(ui=server, api=api_on(ports[0]), dashboard=f"{dashboard}/dashboard", pages=reports)


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


def _settings(workspace: Workspace, addresses: InstanceAddresses) -> dict[str, str]:
    """What every child process needs, and every run that a worker starts."""
    return {
        **client_settings(workspace.prefect_home, addresses.api),
        HOME_VARIABLE: str(workspace.root),
        REPORTS_WEB_VARIABLE: addresses.pages,
        "PREFECT_UI_URL": addresses.ui,
        "PREFECT_WORKER_QUERY_SECONDS": str(WORKER_QUERY_S),
        # The automation that finds lost runs waits for these.
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
    }


def _server_settings(workspace: Workspace) -> Mapping[str, str]:
    return {
        "PREFECT_SERVER_UI_API_URL": "/api",  # of the page's own origin, whatever port is forwarded to it
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(workspace.prefect_home / "ui"),
    }


def _start_others(installation: Installation, ports: range, reports: Path) -> Iterator[ChildProcess]:
    """Start a worker for each pool, the dashboard of studies, and the server of reports, whose index is written before."""
    home = installation.workspace.prefect_home
    for pool in POOLS:
        arguments = (
            "-m",
            own.__name__,
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
    dashboard = ("-m", private_process.__name__, "cli.local_server.dashboard", str(ports[1]))
    yield child_processes.start("the Optuna dashboard", dashboard, home / "dashboard.log", {})
    pages = ("-m", private_process.__name__, "cli.local_server.reports_server", str(ports[2]), str(reports))
    write_index(installation.campaigns, installation.reports)
    yield child_processes.start("the server of reports", pages, home / "reports.log", {})


def _reports_folder(workspace: Workspace) -> Path:
    """The folder of reports. Raises BadInput where they go to a bucket: that has pages of its own."""
    match workspace.reports:
        case Folder(path):
            return path
        case other:
            rule, remedy = "`tunegate up` shows reports of a folder", "Unset TUNEGATE_REPORTS_URL, or use the team's server."
            raise BadInput(Fault(rule, str(other), "TUNEGATE_REPORTS_URL", remedy))


async def _set_schedules(*, active: bool) -> None:
    from prefect import get_client  # noqa: PLC0415 - Prefect reads its settings when it is imported

    from cli.provisioning.schedules import set_schedules  # noqa: PLC0415

    async with get_client() as client:
        await set_schedules(client, active=active)


async def _ask(verdict: VerdictRow) -> str | None:
    from orchestration.rollout_runs import start_rollout  # noqa: PLC0415 - as above

    return await start_rollout(verdict.region, verdict.campaign, verdict.id)


@contextmanager
def _running(started: Iterable[ChildProcess]) -> Iterator[list[ChildProcess]]:
    """Keep child processes running inside `with` and stop all of them at its end, also when one of them did not start."""
    running: list[ChildProcess] = []
    try:
        for child in started:
            running.append(child)  # noqa: PERF402 - one by one, so that those before a failure are stopped
        yield running
    finally:
        child_processes.stop(*running)


def _until_one_ends(running: list[ChildProcess]) -> None:
    """Wait for Ctrl-C. Raises ServerDidNotStart when a child process ends by itself."""
    while True:
        for child in running:
            if child.has_ended:
                raise ServerDidNotStart(child.with_log_tail(f"{child.name} ended with code {child.process.returncode}"))
        time.sleep(LOOK_EVERY_S)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the command inside `with` on SIGINT and SIGTERM; further signals do not interrupt its shutdown.

    Background jobs of a shell that is not interactive ignore SIGINT, and so would their children, were it not set here.
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
        print_line("stopped")


def _print_addresses(addresses: InstanceAddresses, link: str, *, schedules: bool) -> None:
    print_line(f"sign in         {link}   first, once in each browser")
    print_line(f"Prefect         {addresses.ui}/deployments   begin a campaign: `retune`, Run, Custom run")
    print_line(f"approvals       {addresses.ui}/runs   a `rollout` that is suspended: open it, Resume")
    print_line(f"reports         {addresses.index}")
    print_line(f"studies         {addresses.dashboard}")
    print_line("schedules       " + ("on" if schedules else "off; on with --schedules, or one by one on its deployment's page"))
    print_line("Ctrl-C stops all of it; nothing done is lost.")
