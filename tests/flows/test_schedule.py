"""A region on its cron: a real server with its scheduler and automations, a real worker, every run a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect import Flow, get_client
from prefect.automations import Automation
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import CronSchedule
from prefect.events import Event, RelatedResource, Resource
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, PREFECT_UI_URL, temporary_settings
from prefect.states import Running

from cli.local_server import child_processes as children
from cli.local_server.home_secret import home_secret
from cli.local_server.own_settings import client_settings
from cli.local_server.server import api_on, free_port, start_server
from cli.provisioning.automation_definitions import wanted_automations
from flows.retune import retune
from flows.rollout import rollout
from tests.flows.conftest import Installation
from tests.services.slack import Slack, slack_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

POOL = "orchestrators"
PATIENCE_S = 240.0
NEWEST = {"newest_complete_day": "2026-02-12", "history_days": 28, "tuning_days": 2, "validation_days": 3, "test_days": 8}
BY_ADA = {"decision": "approve", "approver": "ada", "reason": "routes look right"}
BY_BEN = {"decision": "approve", "approver": "ben", "reason": "looks right to me, too"}
# The campaign must still run when its cron fires again, twenty seconds later, and that run has started.
SLOWLY = ("--day-s", "0.7")


@dataclass(frozen=True)
class Team:
    """A server, a worker, a Slack and an installation that know each other."""

    client: PrefectClient
    slack: Slack
    installation: Installation

    async def deploy(self, flow: Flow[Any, Any], name: str, **more: Any) -> UUID:
        root = Path(__file__).parents[2]
        stored = await Flow.afrom_source(str(root), f"{flow.fn.__module__.replace('.', '/')}.py:{flow.fn.__name__}")
        return await (await stored.ato_deployment(name, work_pool_name=POOL, **more)).aapply()

    async def runs(self, **wanted: Any) -> list[FlowRun]:
        return await self.client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(wanted), limit=200)

    async def eventually(self, found: Callable[[], Awaitable[FlowRun | None]], what: str) -> FlowRun:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            run = await found()
            if run is not None:
                return run
            await asyncio.sleep(0.5)
        listed = [(run.name, run.state_name, run.state and run.state.message) for run in await self.runs()]
        raise AssertionError(f"never came: {what}; runs are {listed}, Slack heard {self.slack.messages}")

    async def in_state(self, run_id: UUID, *names: str) -> FlowRun:
        async def found() -> FlowRun | None:
            run = await self.client.read_flow_run(run_id)
            return run if run.state_name in names else None

        return await self.eventually(found, f"{run_id} in {names}")

    async def heard(self, words: str) -> str:
        return await asyncio.to_thread(self.slack.wait_for, words, PATIENCE_S)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[str]:
    """A server of its own, for the shared one has no scheduler; yields its address."""
    port = free_port()
    often = {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "5", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}
    address = {"PREFECT_UI_URL": f"http://127.0.0.1:{port}", "PREFECT_API_URL": api_on(port)}
    server = start_server(tmp_path / "prefect", port, {**often, **address})
    try:
        ours = {PREFECT_API_URL: api_on(port), PREFECT_API_AUTH_STRING: home_secret(tmp_path / "prefect")}
        with temporary_settings({**ours, PREFECT_UI_URL: address["PREFECT_UI_URL"]}):
            yield api_on(port)
    finally:
        children.stop(server)


@pytest.fixture
async def team(settings: str, tmp_path: Path) -> AsyncIterator[Team]:
    from prefect_slack import SlackWebhook

    installation = Installation(tmp_path)
    with slack_server() as slack:
        async with get_client() as client:
            block = await SlackWebhook(url=slack.url).save("team-notices")
            for wanted in wanted_automations(block if isinstance(block, UUID) else UUID(str(block))):
                await hurried(wanted).acreate()
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
            async with worker(settings, tmp_path / "prefect", installation):
                yield Team(client, slack, installation)


def hurried(wanted: Automation) -> Automation:
    """The same with less patience, which a test has not."""
    if hasattr(wanted.trigger, "within") and wanted.trigger.within:
        wanted.trigger.within = timedelta(seconds=10)
    return wanted


@asynccontextmanager
async def worker(api: str, home: Path, installation: Installation) -> AsyncIterator[None]:
    environment = {
        **client_settings(home, api),
        "PREFECT_HOME": str(installation.root / "worker"),
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "TUNEGATE_HOME": str(installation.home),
        "TUNEGATE_CONFIGS": str(installation.root),  # where its region file is: any other would be exploratory
        "TUNEGATE_USER": "the cron",
        "TUNEGATE_SLACK_BLOCK": "team-notices",
    }
    arguments = ("-m", "prefect", "worker", "start", "--type", "process", "--pool", POOL)
    started = children.start("the worker", arguments, installation.root / "worker.log", environment)
    try:
        yield
    finally:
        children.stop(started)


async def test_a_cron_makes_campaigns_and_skips_and_two_people_approve_at_once_and_who_is_killed_is_missed(team):
    region = team.installation.region_file(
        *SLOWLY, periods=NEWEST, release={"approvers": ["ada", "ben"], "four_eyes": True}, search__trials=4
    )
    await team.deploy(rollout, "rollout")
    cron = CronSchedule(cron="* * * * * */20")
    scheduled = await team.deploy(retune, "retune-toyville", schedules=[cron], parameters={"config": str(region)})

    campaign = await the_cron_fires(team)
    await it_is_skipped(team, "still running: one of toyville")
    await team.client.pause_deployment(scheduled)
    await team.in_state(campaign.id, "Completed")
    await team.client.resume_deployment(scheduled)
    await it_is_skipped(team, "no new day: data reach 2026-12-31, the test period ends on 2026-02-12")
    await team.client.pause_deployment(scheduled)

    await two_approve_at_once(team)
    await a_killed_campaign_is_told(team, region)
    await a_run_whose_machine_is_gone_is_told(team)


async def the_cron_fires(team: Team) -> FlowRun:
    started = await team.heard("toyville: campaign started")
    assert "asked for by the cron" in started
    page = started.rpartition("<")[2]
    run = await team.client.read_flow_run(UUID(page.removesuffix("|run>").rpartition("/")[2]))
    assert run.auto_scheduled
    assert (run.name, page.startswith("http://127.0.0.1")) == ("toyville/retune", True)
    return run


async def it_is_skipped(team: Team, reason: str) -> None:
    await team.heard(reason)

    async def found() -> FlowRun | None:
        runs = await team.runs(state={"name": {"any_": ["Skipped"]}})
        return next((run for run in runs if run.state and reason in (run.state.message or "")), None)

    skipped = await team.eventually(found, reason)
    assert skipped.auto_scheduled
    assert (skipped.name, skipped.state_type and skipped.state_type.value) == ("toyville/retune", "COMPLETED")


async def two_approve_at_once(team: Team) -> None:
    assert "<http://127.0.0.1" in await team.heard("toyville: approval wanted, verdict promote")
    (first,) = await team.runs(name={"any_": ["toyville/rollout"]})
    assert first.parent_task_run_id is None, "a sub-flow could not wait"
    again = await team.client.create_flow_run_from_deployment(first.deployment_id, parameters=first.parameters)
    for run in (first, again):
        await team.in_state(run.id, "Suspended")
    for run, form in ((first, BY_ADA), (again, BY_BEN)):
        assert (await team.client.resume_flow_run(run.id, run_input=form)).status.value == "ACCEPT"
    ends = [await team.in_state(run.id, "Approved", "Refused", "Failed", "Crashed") for run in (first, again)]
    assert sorted(str(run.state_name) for run in ends) == ["Approved", "Refused"]
    (loser,) = [run for run in ends if run.state_name == "Refused"]
    assert "a verdict must be decided once" in loser.state.message or "another release came first" in loser.state.message
    await team.heard("toyville: version 2 is in production")
    assert "decided once" in await team.heard("toyville/rollout: Refused") or "somebody else" in loser.state.message
    assert (team.installation.home / "published" / "toyville.json").exists()


async def a_killed_campaign_is_told(team: Team, region: Path) -> None:
    other = ["region=killville"]
    by_hand = await team.deploy(retune, "retune", parameters={"config": str(region), "overrides": other})
    run = await team.client.create_flow_run_from_deployment(by_hand)
    await team.heard("killville: campaign started")
    pid = (await team.client.read_flow_run(run.id)).infrastructure_pid
    assert pid is not None
    os.kill(int(pid.rpartition(":")[2]), signal.SIGKILL)
    told = await team.heard("killville/retune: Crashed")
    assert f"/runs/flow-run/{run.id}|run>" in told


async def a_run_whose_machine_is_gone_is_told(team: Team) -> None:
    lost = await team.client.create_flow_run(retune, parameters={"config": "nowhere.yaml"}, state=Running(), name="lost/retune")
    flow = {
        "prefect.resource.id": f"prefect.flow.{lost.flow_id}",
        "prefect.resource.role": "flow",
        "prefect.resource.name": "retune",
    }
    # `emit_event` would send it to the server that an earlier test of this process has used.
    beat = Event(
        event="prefect.flow-run.heartbeat",
        resource=Resource({"prefect.resource.id": f"prefect.flow-run.{lost.id}"}),
        related=[RelatedResource(flow)],
    )
    (await team.client._client.post("/events", json=[beat.model_dump(mode="json")])).raise_for_status()
    told = await team.heard("lost/retune: Crashed")
    assert "No sign of life for 90 s" in told
