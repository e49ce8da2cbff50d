from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.events.schemas.automations import Automation as Kept
from prefect.events.schemas.automations import AutomationCore

from cli.provisioning.automation_definitions import wanted_automations
from cli.provisioning.automations import ensure_automation

SLACK = UUID("00000000-0000-0000-0000-000000000001")


class Server:
    """Keeps automations as the Prefect API does: as JSON, with ids of its own, sets in whatever order."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.writes = 0

    async def read_automations_by_name(self, name: str) -> list[Kept]:
        return [Kept.model_validate(self.kept[name])] if name in self.kept else []

    async def create_automation(self, automation: AutomationCore) -> None:
        self._keep(automation, uuid4())

    async def update_automation(self, known: UUID, automation: AutomationCore) -> None:
        self._keep(automation, known)

    def _keep(self, automation: AutomationCore, known: UUID) -> None:
        said = automation.model_dump(mode="json")
        said["trigger"]["expect"].reverse()
        self.writes += 1
        self.kept[automation.name] = {**said, "id": str(known)}


async def test_automations_are_made_once_and_changed_only_when_they_say_something_else() -> None:
    server: Any = Server()
    made = [await ensure_automation(server, each) for each in wanted_automations(SLACK)]
    assert [line.rpartition(": ")[2] for line in made] == ["made"] * 3
    again = [await ensure_automation(server, each) for each in wanted_automations(SLACK)]
    assert [line.rpartition(": ")[2] for line in again] == ["as it should be"] * 3
    assert server.writes == 3
    other = [await ensure_automation(server, each) for each in wanted_automations(uuid4())]
    assert [line.rpartition(": ")[2] for line in other] == ["as it should be", "changed", "changed"]
    assert server.writes == 5


@pytest.mark.parametrize("index", range(3))
async def test_an_id_stays_when_an_automation_changes(index: int) -> None:
    server: Any = Server()
    wanted = wanted_automations(SLACK)[index]
    await ensure_automation(server, wanted)
    first = server.kept[wanted.name]["id"]
    wanted.description = "something else"
    await ensure_automation(server, wanted)
    assert server.kept[wanted.name]["id"] == first
