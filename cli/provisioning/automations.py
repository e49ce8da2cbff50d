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
    said: dict[str, Any] = _in_order(automation.model_dump(mode="json", exclude=set(_ITS_OWN)))
    said["trigger"].pop("id", None)
    return said


def _in_order(part: Any) -> Any:
    """The same with every list of words sorted: they were sets."""
    if isinstance(part, dict):
        return {key: _in_order(value) for key, value in part.items()}
    if isinstance(part, list):
        return sorted(part) if all(isinstance(each, str) for each in part) else [_in_order(each) for each in part]
    return part
