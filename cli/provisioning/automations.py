"""Creating and updating automations. They are found by their names, which must not change."""

from __future__ import annotations

from typing import Any

from prefect.automations import Automation
from prefect.client.orchestration import PrefectClient
from prefect.events.schemas.automations import AutomationCore

_ADDED_BY_SERVER = frozenset({"id", "owner_resource", "created", "updated"})


async def ensure_automation(client: PrefectClient, wanted: Automation) -> str:
    """Create or update an automation; returns what was done."""
    there = await client.read_automations_by_name(wanted.name)
    if not there:
        await client.create_automation(AutomationCore.model_validate(_definition(wanted)))
        return f"automation {wanted.name!r}: made"
    if _definition(there[0]) == _definition(wanted):
        return f"automation {wanted.name!r}: as it should be"
    await client.update_automation(there[0].id, AutomationCore.model_validate(_definition(wanted)))
    return f"automation {wanted.name!r}: changed"


def _definition(automation: AutomationCore) -> dict[str, Any]:
    """An automation without what the server adds; the ids of triggers are random."""
    definition: dict[str, Any] = _sorted_sets(automation.model_dump(mode="json", exclude=set(_ADDED_BY_SERVER)))
    definition["trigger"].pop("id", None)
    return definition


def _sorted_sets(part: Any) -> Any:
    """The same with every list of strings sorted: they are sets, which come back in any order."""
    if isinstance(part, dict):
        return {key: _sorted_sets(value) for key, value in part.items()}
    if isinstance(part, list):
        return sorted(part) if all(isinstance(each, str) for each in part) else [_sorted_sets(each) for each in part]
    return part
