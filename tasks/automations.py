"""Automations, kept as they should be: found by their names, which stay."""

from __future__ import annotations

from typing import Any

from prefect.automations import Automation
from prefect.client.orchestration import PrefectClient
from prefect.events.schemas.automations import AutomationCore

# What the server adds of its own.
_ITS_OWN = frozenset({"id", "owner_resource", "created", "updated"})


async def ensure_automation(client: PrefectClient, wanted: Automation) -> str:
    """Have the server hold this automation; returns what was done."""
    there = await client.read_automations_by_name(wanted.name)
    if not there:
        await client.create_automation(AutomationCore.model_validate(_told(wanted)))
        return f"automation {wanted.name!r}: made"
    if _told(there[0]) == _told(wanted):
        return f"automation {wanted.name!r}: as it should be"
    await client.update_automation(there[0].id, AutomationCore.model_validate(_told(wanted)))
    return f"automation {wanted.name!r}: changed"


def _told(automation: AutomationCore) -> dict[str, Any]:
    """What an automation says, without what the server adds; ids of triggers are drawn anew each time and say nothing."""
    said = automation.model_dump(mode="json", exclude=set(_ITS_OWN))
    said["trigger"] = {key: value for key, value in said["trigger"].items() if key != "id"}
    return said
