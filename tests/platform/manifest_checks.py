"""What a Kubernetes object must hold beyond the published JSON schemas, which know no enums, names or quantities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import kubernetes_validate

# The first version with native sidecars, and the newest that the schemas are there for.
VERSIONS = ("1.29", kubernetes_validate.latest_version())

LABEL_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
GENERATED_NAME = re.compile(r"^[a-z0-9][-a-z0-9]{0,57}-?$")
QUALIFIED_KEY = re.compile(
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)
LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
CPU = re.compile(r"^[0-9]+(\.[0-9]+|m)?$")
BYTES = re.compile(r"^[0-9]+(Ki|Mi|Gi|Ti)$")
COUNT = re.compile(r"^[0-9]+k?$")
ENVIRONMENT_NAME = re.compile(r"^[A-Z][A-Z0-9_]*$")
IMAGE = re.compile(r"^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9._/-]+(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$")

ENUMS: dict[str, set[str]] = {
    "restartPolicy": {"Always", "OnFailure", "Never"},
    "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "effect": {"NoSchedule", "PreferNoSchedule", "NoExecute"},
    "protocol": {"TCP", "UDP", "SCTP"},
    "preemptionPolicy": {"Never", "PreemptLowerPriority"},
    "scopeName": {"PriorityClass", "BestEffort", "NotBestEffort", "Terminating", "NotTerminating"},
}
TOLERATION_OPERATORS = {"Exists", "Equal"}


def faults(manifest: dict[str, Any]) -> list[str]:
    """Every fault of one object, in words; empty when it may be sent to a cluster."""
    found = [fault for version in VERSIONS for fault in _schema_faults(manifest, version)]
    for path, key, value in _entries(manifest, ""):
        allowed = ENUMS.get(key)
        if allowed is not None and isinstance(value, str) and value not in allowed:
            found.append(f"{path}: {value!r} is none of {sorted(allowed)}")
        check = CHECKS.get(key)
        if check is not None:
            found += [f"{path}: {fault}" for fault in check(value)]
    return found


def _schema_faults(manifest: dict[str, Any], version: str) -> Iterator[str]:
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield f"{'/'.join(map(str, error.path))}: {error.message} (Kubernetes {version})"


def _entries(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{path}/{key}", key, inner
            yield from _entries(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _entries(inner, f"{path}/{number}")


def _metadata(value: dict[str, Any]) -> Iterator[str]:
    if "name" in value and not LABEL_NAME.match(value["name"]):
        yield f"{value['name']!r} is no name"
    if "generateName" in value and not GENERATED_NAME.match(value["generateName"]):
        yield f"{value['generateName']!r} cannot begin a name"


def _labels(value: dict[str, str]) -> Iterator[str]:
    for key, text in value.items():
        if not QUALIFIED_KEY.match(key) or not LABEL_VALUE.match(text):
            yield f"{key}={text} is no label"


def _annotations(value: dict[str, str]) -> Iterator[str]:
    yield from (f"{key!r} is no annotation" for key in value if not QUALIFIED_KEY.match(key))


def _resources(value: dict[str, dict[str, Any]] | list[str]) -> Iterator[str]:
    if isinstance(value, list):
        return  # those of a rule of RBAC
    requests, limits = value.get("requests", {}), value.get("limits", {})
    unreadable = [*_quantities(requests), *_quantities(limits)]
    yield from unreadable
    for name in sorted(requests.keys() & limits.keys()):
        if not unreadable and quantity(requests[name]) > quantity(limits[name]):
            yield f"{name}: requests {requests[name]} but is limited to {limits[name]}"
    if "memory" not in limits and "storage" not in requests:
        yield "no limit of memory"


def _quantities(value: dict[str, Any]) -> Iterator[str]:
    for name, written in value.items():
        wanted = CPU if name.endswith("cpu") else BYTES if name.endswith(("memory", "storage")) else COUNT
        if not wanted.match(str(written)):
            yield f"{name}: {written!r} is no quantity"


def quantity(written: Any) -> float:
    """A quantity of Kubernetes as a number: cores, bytes."""
    text = str(written)
    for unit, factor in (("m", 1e-3), ("Ki", 2**10), ("Mi", 2**20), ("Gi", 2**30), ("Ti", 2**40)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)


def _environment(value: list[dict[str, Any]]) -> Iterator[str]:
    names = [entry["name"] for entry in value]
    yield from (f"{name} stands there {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1)
    yield from (f"{name!r} is no name" for name in names if not ENVIRONMENT_NAME.match(name))


def _tolerations(value: list[dict[str, Any]]) -> Iterator[str]:
    yield from (
        f"operator {entry['operator']!r}" for entry in value if entry.get("operator", "Equal") not in TOLERATION_OPERATORS
    )


def _containers(value: list[dict[str, Any]]) -> Iterator[str]:
    for container in value:
        name, security = container["name"], container.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is not False or security.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{name} may gain rights"
        if not security.get("readOnlyRootFilesystem"):
            yield f"{name} may write to its image"
        if "resources" not in container:
            yield f"{name} says nothing of its resources"


def _image(value: str) -> Iterator[str]:
    if not IMAGE.match(value):
        yield f"{value!r} is no image"
    elif "@" not in value and (":" not in value or value.endswith(":latest")):
        yield f"{value!r} may become another image any day"


CHECKS: dict[str, Callable[[Any], Iterator[str]]] = {
    "metadata": _metadata,
    "labels": _labels,
    "matchLabels": _labels,
    "nodeSelector": _labels,
    "annotations": _annotations,
    "resources": _resources,
    "hard": _quantities,
    "env": _environment,
    "tolerations": _tolerations,
    "containers": _containers,
    "initContainers": _containers,
    "image": _image,
}
