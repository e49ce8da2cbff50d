"""From a verdict to production through the deployed flow: real server, registry and file, and every way around it tried."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, PREFECT_UI_URL, temporary_settings
from prefect.states import AwaitingRetry, Scheduled

from cli.local_server.server import free_port
from flows.rollback import rollback
from orchestration.installation_context import current_installation, use_installation
from tests.flows.offices import CANDIDATE, INVALID, PROMOTING, REJECTING, Office
from tests.flows.rollouts import Rollouts, ended
from tests.services.slack import Slack, slack_server
from tests.synthetic.gates import SyntheticRegion
from tests.unit.release.conftest import SettableClock
from tunegate.adapters.local.publisher import FilePublisher
from tunegate.config.workspace import Workspace
from tunegate.domain.parameters import Parameters
from tunegate.installation import Installation

pytestmark = pytest.mark.slow

UI = "http://ui.example.org"
BY_ADA = {"decision": "approve", "approver": "ada", "reason": "routes look right"}
NO_ANSWERS: list[tuple[dict[str, Any] | None, str]] = [
    (None, "nothing at all"),
    ({}, "an empty form"),
    ({**BY_ADA, "decision": "yes"}, "another word"),
    ({**BY_ADA, "decision": True}, "another type"),
    ({**BY_ADA, "approver": ""}, "no name"),
    ({**BY_ADA, "approver": ["ada"]}, "a list of names"),
    ({"decision": "approve", "approver": "ada"}, "no reason"),
    ({**BY_ADA, "override": "true"}, "a text for a tick"),
    ({**BY_ADA, "region": "elsewhere"}, "a field that is none"),
]
UNTAKEN = [
    ({**BY_ADA, "approver": "mallory"}, "an approver must be on the region's list (Ada, ben)"),
    ({**BY_ADA, "approver": "carl"}, "an approver must be on the region's list"),
    ({**BY_ADA, "approver": " "}, "it must be said who decides"),
    ({**BY_ADA, "reason": "  "}, "it must be said why"),
    ({**BY_ADA, "override": True}, "an override must be needed"),
    ({"decision": "decline", "approver": "\t", "reason": "no"}, "it must be said who decides"),
]


@pytest.fixture
def settings(prefect_api: str) -> Iterator[None]:
    secret = os.environ["PREFECT_API_AUTH_STRING"]
    with temporary_settings({PREFECT_API_URL: prefect_api, PREFECT_API_AUTH_STRING: secret, PREFECT_UI_URL: UI}):
        yield


@pytest.fixture
async def rollouts(settings: None) -> AsyncIterator[Rollouts]:
    async with get_client() as client:
        yield await Rollouts.deployed(client)


@pytest.fixture
async def slack(settings: None, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Slack]:
    from prefect_slack import SlackWebhook

    with slack_server() as slack:
        await SlackWebhook(url=slack.url).save("team-notices", overwrite=True)
        monkeypatch.setenv("TUNEGATE_SLACK_BLOCK", "team-notices")
        yield slack


async def verdict_of(office: Office, world: SyntheticRegion = PROMOTING, **more: Any) -> str:
    return await asyncio.to_thread(office.verdict, world, **more)


class DiskThatGoesAway(FilePublisher):
    """Fails once, at the first sight of version 3: the registry has it by then."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.gone = False

    def publish(self, region: str, wanted: Callable[[], str]) -> bool:
        if json.loads(wanted())["version"] == 3 and not self.gone:
            self.gone = True
            raise OSError("the disk went away")
        return super().publish(region, wanted)


def assert_untouched(office: Office) -> None:
    assert not office.published.exists()
    assert current_installation().registry.history("toyville") == ()


async def others_of(rollouts: Rollouts, run: FlowRun) -> list[FlowRun]:
    """Other runs about the same verdict."""
    tag = next(tag for tag in run.tags if tag.startswith("verdict:"))
    found = FlowRunFilter.model_validate({"tags": {"all_": [tag]}})
    return [each for each in await rollouts.client.read_flow_runs(flow_run_filter=found) if each.id != run.id]


async def test_an_approval_releases_the_candidate_and_everybody_is_told(office, rollouts, slack):
    verdict = await verdict_of(office)
    waiting = await rollouts.begin(verdict[7:19], requested_by="dora")
    assert ended(waiting) == ("PAUSED", "Suspended")
    assert_untouched(office)
    shown = await rollouts.shown(waiting)
    for words in ("Promote: Toyville", "+1.83", "| gamma | 0.85 | 0.95 |", "May approve: Ada, ben, but not carl", "dora asked"):
        assert words in shown
    artifacts = await rollouts.client.read_artifacts(
        artifact_filter=ArtifactFilter.model_validate({"flow_run_id": {"any_": [str(waiting.id)]}})
    )
    assert shown in [artifact.data for artifact in artifacts]
    asked = slack.wait_for("approval wanted, verdict promote")
    assert f"<{UI}/runs/flow-run/{waiting.id}|run>" in asked
    assert {"region:toyville", f"verdict:{verdict[:19]}"} <= set(waiting.tags)
    (appointment,) = await others_of(rollouts, waiting)
    assert appointment.expected_start_time > datetime.now(UTC) + timedelta(days=6)

    approved = await rollouts.answer(waiting, **BY_ADA)
    assert ended(approved) == ("COMPLETED", "Approved")
    assert "toyville runs version 2, approved by Ada: routes look right" in approved.state.message
    assert office.parameters() == dict(CANDIDATE)
    assert current_installation().registry.history("toyville")[-1].verdict == verdict
    assert "approved by Ada: routes look right" in slack.wait_for("version 2 is in production")
    assert await others_of(rollouts, waiting) == [], "nobody needs to close it any more"


@pytest.mark.parametrize(("command", "name"), [("approve", "Approved"), ("decline", "Declined")])
async def test_what_is_decided_at_a_terminal_ends_the_runs_that_wait_for_it(*, office, rollouts, command, name):
    verdict = await verdict_of(office)
    waiting = await rollouts.begin(verdict)
    terminal = office.installation
    ran = await asyncio.to_thread(terminal.run, command, verdict, "--approver", "Ada", "--reason", "seen in the office")
    assert ran.code == 0, ran.stderr
    over = await rollouts.client.read_flow_run(waiting.id)
    assert ended(over) == ("CANCELLED", name)
    assert "decided at a terminal" in over.state.message
    assert "seen in the office" in over.state.message
    assert await others_of(rollouts, waiting) == [], "nobody needs to close it any more"


async def test_a_decision_at_a_terminal_stands_though_the_server_is_away(office):
    verdict, terminal = await verdict_of(office), office.installation
    terminal.environment["PREFECT_API_URL"] = f"http://127.0.0.1:{free_port()}/api"
    ran = await asyncio.to_thread(terminal.run, "decline", verdict, "--approver", "Ada", "--reason", "a holiday")
    assert ran.code == 0, ran.stderr
    assert "runs waiting for this verdict were not ended (ConnectError)" in ran.stderr
    assert current_installation().registry.decision(verdict).approver == "Ada"


async def test_a_refusal_closes_the_verdict_and_leaves_production_alone(office, rollouts, slack):
    verdict = await verdict_of(office)
    declined = await rollouts.answer(
        await rollouts.begin(verdict), decision="decline", approver="zoe", reason="a holiday <is> coming"
    )
    assert ended(declined) == ("COMPLETED", "Declined")
    assert_untouched(office)
    assert current_installation().registry.decision(verdict).approver == "zoe"
    assert "by zoe: a holiday &lt;is&gt; coming" in slack.wait_for("candidate declined")
    again = await rollouts.begin(verdict)
    assert ended(again) == ("FAILED", "Refused")
    assert "decided once, but got declined by zoe" in again.state.message


async def test_no_answer_that_is_none_ends_the_wait_or_reaches_production(office, rollouts, slack):
    waiting = await rollouts.begin(await verdict_of(office))
    for form, what in NO_ANSWERS:
        assert not await rollouts.resume(waiting, form), what
        assert ended(await rollouts.client.read_flow_run(waiting.id)) == ("PAUSED", "Suspended"), what
    for form, fault in UNTAKEN:
        waiting = await rollouts.answer(waiting, **form)
        assert ended(waiting) == ("PAUSED", "Suspended"), fault
        shown = await rollouts.shown(waiting)
        assert shown.startswith("**The last answer could not be taken; nothing was released:**")
        assert fault in shown.replace("\\", "")
    assert "must be on the region's list" in slack.wait_for("The last answer could not be taken")
    assert_untouched(office)
    assert ended(await rollouts.answer(waiting, **BY_ADA)) == ("COMPLETED", "Approved"), "the wait went on all the time"


async def test_a_run_that_is_forced_on_without_an_answer_asks_again(office, rollouts):
    waiting = await rollouts.begin(await verdict_of(office))
    waiting = await rollouts.force(waiting, Scheduled())
    assert "must be resumed with an answer" in await rollouts.shown(waiting)
    key = waiting.state.state_details.run_input_keyset["response"]
    await rollouts.client.create_flow_run_input(waiting.id, key, json.dumps({**BY_ADA, "override": "yes"}))
    waiting = await rollouts.force(waiting, Scheduled())
    assert ended(waiting) == ("PAUSED", "Suspended")
    assert "an answer must fit the form" in await rollouts.shown(waiting)
    assert_untouched(office)


async def test_an_answer_is_good_for_one_run_and_one_time(office, rollouts):
    verdict = await verdict_of(office)
    first, second = [await rollouts.begin(verdict) for _ in range(2)]
    assert await rollouts.resume(first, BY_ADA)
    assert not await rollouts.resume(first, BY_ADA), "it is on its way"
    assert await rollouts.resume(second, BY_ADA)
    assert ended(await rollouts.take_up(first.id)) == ("COMPLETED", "Approved")
    refused = await rollouts.take_up(second.id)
    assert ended(refused) == ("FAILED", "Refused")
    assert "a verdict must be decided once, but got approved by Ada" in refused.state.message
    assert [release.version for release in current_installation().registry.history("toyville")] == [1, 2]
    await rollouts.force(first, Scheduled())
    assert [release.version for release in current_installation().registry.history("toyville")] == [1, 2], "replayed"


async def test_of_two_runs_for_two_candidates_the_second_learns_that_production_has_moved(office, rollouts):
    verdicts = [await verdict_of(office, candidate=Parameters({**CANDIDATE, "gamma": gamma})) for gamma in (0.95, 0.96)]
    first, second = [await rollouts.begin(verdict) for verdict in verdicts]
    await rollouts.answer(first, **BY_ADA)
    refused = await rollouts.answer(second, **BY_ADA)
    assert ended(refused) == ("FAILED", "Refused")
    assert "must have been judged against what production runs now" in refused.state.message
    assert office.parameters()["gamma"] == 0.95


async def test_what_needs_no_question_is_refused_before_anybody_is_asked(office, rollouts):
    elsewhere = await rollouts.begin(await verdict_of(office), region="elsewhere")
    assert ended(elsewhere) == ("FAILED", "Refused")
    assert "must be for the region of the verdict" in elsewhere.state.message
    invalid = await rollouts.begin(await verdict_of(office, INVALID))
    assert ended(invalid) == ("FAILED", "Refused")
    assert "a verdict must be valid" in invalid.state.message
    unknown = await rollouts.begin("ffffff")
    assert ended(unknown) == ("FAILED", "Failed")
    assert "ffffff" in unknown.state.message
    assert_untouched(office)


async def test_a_rejected_candidate_needs_the_override_and_is_marked(office, rollouts, slack):
    waiting = await rollouts.begin(await verdict_of(office, REJECTING))
    assert "needs the override" in await rollouts.shown(waiting)
    waiting = await rollouts.answer(waiting, **BY_ADA)
    assert "a verdict must be promote, but got reject" in await rollouts.shown(waiting)
    assert_untouched(office)
    approved = await rollouts.answer(waiting, **BY_ADA, override=True)
    assert ended(approved) == ("COMPLETED", "Approved")
    assert json.loads(office.published.read_bytes())["override"] is True
    slack.wait_for("AGAINST ITS VERDICT (override)")


@pytest.mark.parametrize("who", ["nobody", "somebody, too late"])
async def test_a_verdict_that_waited_too_long_is_closed_by_whoever_comes_first(*, office, rollouts, slack, who):
    verdict = await verdict_of(office)
    waiting = await rollouts.begin(verdict)
    (appointment,) = await others_of(rollouts, waiting)
    later = SettableClock(datetime.now(UTC) + timedelta(days=7, minutes=1))
    with use_installation(Installation(Workspace.from_environment(), clock=later)):
        run = await rollouts.force(appointment, Scheduled()) if who == "nobody" else await rollouts.answer(waiting, **BY_ADA)
    assert ended(run) == ("CANCELLED", "Expired")
    assert ended(await rollouts.client.read_flow_run(waiting.id)) == ("CANCELLED", "Expired")
    assert current_installation().registry.decision(verdict).outcome == "expired"
    assert_untouched(office)
    slack.wait_for("verdict expired")
    left = {ended(each) for each in await others_of(rollouts, run)}
    assert left <= {("CANCELLED", "Expired")}, "nothing waits any more"


async def test_a_run_that_died_between_registry_and_file_finishes_the_same_release_when_it_is_tried_again(office, rollouts):
    disk = DiskThatGoesAway(office.published.parent)
    with use_installation(Installation(Workspace.from_environment(), publisher=disk)):
        await rollouts.answer(await rollouts.begin(await verdict_of(office)), **BY_ADA)
        waiting = await rollouts.begin(await verdict_of(office, candidate=Parameters({**CANDIDATE, "gamma": 0.99})))
        broken = await rollouts.answer(waiting, **BY_ADA)
        assert ended(broken) == ("FAILED", "Failed")
        assert "version 3 could not be published" in broken.state.message
        assert json.loads(office.published.read_bytes())["version"] == 2
        again = await rollouts.force(waiting, AwaitingRetry())
    assert ended(again) == ("COMPLETED", "Approved")
    assert [release.version for release in current_installation().registry.history("toyville")] == [1, 2, 3]
    assert office.parameters()["gamma"] == 0.99


@pytest.mark.parametrize("trouble", ["refused", "500", "hangs"])
async def test_a_dead_slack_changes_nothing_but_a_line_in_the_log(*, office, rollouts, slack, monkeypatch, caplog, trouble):
    monkeypatch.setattr("orchestration.notifications.LONGEST_WAIT_S", 0.5)
    verdict = await verdict_of(office)
    match trouble:
        case "refused":
            from prefect_slack import SlackWebhook

            nowhere = slack.url.replace(slack.url.split(":")[2].split("/")[0], "9")
            await SlackWebhook(url=nowhere).save("team-notices", overwrite=True)
        case "500":
            slack.status = 500
        case _:
            slack.silence_s = 3.0
    approved = await rollouts.answer(await rollouts.begin(verdict), **BY_ADA)
    assert ended(approved) == ("COMPLETED", "Approved")
    assert office.parameters() == dict(CANDIDATE)
    assert "a notice could not be sent through the Slack block team-notices" in caplog.text
    assert "planted-secret" not in caplog.text


async def test_what_is_decided_at_a_terminal_is_told_as_well(office, slack, prefect_api, monkeypatch):
    verdict = await verdict_of(office)
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    for arguments, words in (
        (("approve", verdict, "--approver", "ada", "--reason", "by hand"), "approved by Ada: by hand"),
        (("rollback", "toyville", "--approver", "ben", "--reason", "taxis circle"), "rolled back to version 1"),
        (
            (
                "decline",
                await verdict_of(office, candidate=Parameters({**CANDIDATE, "gamma": 0.9})),
                "--approver",
                "ben",
                "--reason",
                "no",
            ),
            "by ben: no",
        ),
    ):
        code, _, err = await asyncio.to_thread(office.run, *arguments)
        assert (code, err) == (0, "")
        slack.wait_for(words)
    slack.status = 500
    code, _, err = await asyncio.to_thread(
        office.run, "rollback", "toyville", "--to", "2", "--approver", "ben", "--reason", "again"
    )
    assert code == 0
    assert err == "nobody was notified: the Slack block team-notices could not be used\n"
    assert office.parameters() == dict(CANDIDATE)


@pytest.mark.parametrize(
    "given", [{"approver": "ben", "reason": "taxis circle"}, {"by": "ben", "why": "taxis circle"}], ids=["names", "old names"]
)
async def test_a_rollback_run_goes_back_once_however_often_it_is_taken_up(*, office, rollouts, slack, caplog, given):
    verdict = await verdict_of(office)
    await rollouts.answer(await rollouts.begin(verdict), **BY_ADA)
    deployed = await (await rollback.ato_deployment("rollback")).aapply()
    form = (await rollouts.client.read_deployment(deployed)).parameter_openapi_schema
    assert sorted(form["properties"]) == ["approver", "reason", "region", "to"]
    created = await rollouts.client.create_flow_run_from_deployment(deployed, parameters={"region": "toyville", **given})
    run = await rollouts.take_up(created.id, rollback)
    assert ended(run) == ("COMPLETED", "RolledBack")
    assert office.parameters() == {"gamma": 0.85, "max_wait_s": 150, "turn_left_weight": 0.5}
    assert "by ben: taxis circle" in slack.wait_for("rolled back to version 1")
    assert ended(await rollouts.force(run, Scheduled(), rollback)) == ("COMPLETED", "RolledBack")
    history = current_installation().registry.history("toyville")
    assert [release.kind for release in history] == ["initial", "rollout", "rollback"]
    assert ("`by` and `why` are called `approver` and `reason` now" in caplog.text) == ("by" in given)
