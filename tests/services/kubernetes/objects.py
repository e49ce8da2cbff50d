"""What the API server keeps: objects by kind, namespace and name, with resource versions, selectors and a history to watch."""

from __future__ import annotations

import asyncio
import copy
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
KINDS = {
    ("v1", "pods"): "Pod",
    ("v1", "secrets"): "Secret",
    ("v1", "configmaps"): "ConfigMap",
    ("v1", "events"): "Event",
    ("v1", "namespaces"): "Namespace",
    ("batch/v1", "jobs"): "Job",
}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Key:
    """Where an object is: group and version, resource, namespace (None for what is cluster-wide), name."""

    group_version: str
    resource: str
    namespace: str | None
    name: str


@dataclass(frozen=True)
class Change:
    version: int
    event: str
    key: Key
    object: Object


@dataclass
class ObjectStore:
    """Objects and everything that ever happened to them."""

    version: int = 1
    objects: dict[Key, Object] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def put(self, key: Key, item: Object) -> Object:
        """Create or replace an object; watchers hear of it."""
        event = "MODIFIED" if key in self.objects else "ADDED"
        metadata = item.setdefault("metadata", {})
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", now())
        if key.namespace:
            metadata["namespace"] = key.namespace
        self.objects[key] = item
        await self._record(event, key, item)
        return item

    async def remove(self, key: Key) -> Object | None:
        """Delete an object; returns it, or None when there is none."""
        item = self.objects.pop(key, None)
        if item is not None:
            await self._record("DELETED", key, item)
        return item

    def matching(self, group_version: str, resource: str, namespace: str | None, selector: str) -> list[Object]:
        return [
            item
            for key, item in self.objects.items()
            if (key.group_version, key.resource) == (group_version, resource)
            and namespace in (None, key.namespace)
            and selects(selector, item)
        ]

    def owned_by(self, uid: str) -> list[Key]:
        return [
            key
            for key, item in self.objects.items()
            if any(owner["uid"] == uid for owner in item["metadata"].get("ownerReferences", []))
        ]

    async def _record(self, event: str, key: Key, item: Object) -> None:
        self.version += 1
        item["metadata"]["resourceVersion"] = str(self.version)
        self.history.append(Change(self.version, event, key, copy.deepcopy(item)))
        async with self.changed:
            self.changed.notify_all()


def selects(selector: str, item: Object) -> bool:
    """Whether a label selector (`a=b,c!=d,e,!f`) chooses the object."""
    labels = item["metadata"].get("labels") or {}
    return all(_term_holds(term.strip(), labels) for term in selector.split(",") if term.strip())


def _term_holds(term: str, labels: dict[str, str]) -> bool:
    if "!=" in term:
        name, value = term.split("!=", 1)
        return labels.get(name) != value
    if "=" in term:
        name, value = term.replace("==", "=").split("=", 1)
        return labels.get(name) == value
    if term.startswith("!"):
        return term[1:] not in labels
    return term in labels
