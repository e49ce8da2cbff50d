"""The deployed monitor: what its runs show, whom they tell, and what they leave to the next."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prefect import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.monitor import monitor
from orchestration.installation_context import use_installation
from tests.services.slack import Slack, slack_server
from tests.synthetic.street_home import REGION, StreetHome

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(prefect_api: str) -> Iterator[None]:
    with temporary_settings({PREFECT_API_URL: prefect_api}):
        yield


@pytest.fixture
async def slack(settings: None) -> AsyncIterator[Slack]:
    from prefect_slack import SlackWebhook

    with slack_server() as slack:
        await SlackWebhook(url=slack.url).save("team-notices", overwrite=True)
        yield slack


@pytest.fixture
def home(tmp_path: Path) -> StreetHome:
    made = StreetHome(tmp_path, slack_block="team-notices")
    made.prepare(looks=[4])
    return made


async def run(home: StreetHome) -> tuple[str, str]:
    with use_installation(home.open()):
        state = await monitor(REGION, return_state=True)
    return state.name, state.message


def past(home: StreetHome, effect_pct: float) -> None:
    end = home.experiment().schedule.end_utc
    home.observe(effect_pct, end)
    home.clock.time = end + timedelta(hours=1)


async def artifact(home: StreetHome) -> str:
    key = f"experiment-{home.experiment().name}"
    async with get_client() as client:
        found = await client.read_artifacts(
            artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])), sort=ArtifactSort.CREATED_DESC, limit=200
        )
    return str(found[0].data)


async def test_a_region_that_tries_nothing_is_left_alone(home, slack):
    assert await run(home) == ("Idle", "toy tries no candidate")
    assert slack.messages == []


@pytest.mark.parametrize(
    ("effect_pct", "kind", "headline"),
    [
        (1.0, "conclusion", "toy: experiment toy-2 concluded"),
        (-10.0, "rollback", "toy: experiment toy-2 rolled back by the monitor"),
    ],
)
async def test_an_experiment_runs_to_its_end_with_its_page_and_its_notices(home, slack, effect_pct, kind, headline):
    home.approve()
    assert "started" in (await run(home))[1]
    page = await artifact(home)
    assert "The gate predicted +1.8" in page
    assert "Next" in page
    assert "the look after day 4" in page
    past(home, effect_pct)
    assert (await run(home))[0] == "Completed"
    assert home.open().registry.current(REGION).kind == kind
    assert "nothing; the experiment is over" in (await artifact(home)) or kind in (await artifact(home))
    assert [text.splitlines()[0] for text in slack.messages] == [f"*{headline}*"]
    assert (await run(home))[1] == "toy-2: nothing is due"
    assert len(slack.messages) == 1


async def test_people_hear_of_rows_that_cannot_be_judged_once(home, slack):
    home.approve()
    past(home, 1.0)
    (home.folder / "street.csv").unlink()
    for _ in range(2):
        await run(home)
    assert [text.splitlines()[0] for text in slack.messages] == ["*toy: experiment toy-2, the look is invalid*"]
    assert "windows were observed" in slack.messages[0]
