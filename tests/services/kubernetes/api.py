"""The API server: what the Kubernetes clients of Prefect ask for, and `/_test/…` for the tests.

Run with a port and the folder that stands for the image.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import kubernetes_validate
from aiohttp import web

from tests.services.kubernetes.kubelet import Kubelet
from tests.services.kubernetes.objects import KINDS, Key, Object, ObjectStore, selects

KUBERNETES_VERSION = "1.33"
LONGEST_WAIT_S = 5.0
VERBS = ["get", "list", "watch", "create", "patch", "update", "delete"]
Resource = tuple[str, str, str | None, str | None, str | None]


class ApiServer:
    """Answers requests on the objects of one cluster."""

    def __init__(self, image_folder: Path) -> None:
        self.store = ObjectStore()
        self.kubelet = Kubelet(self.store, image_folder)
        self.jobs: set[asyncio.Task[None]] = set()

    def application(self) -> web.Application:
        application = web.Application(client_max_size=8 << 20)
        application.on_startup.append(self._start)
        application.on_shutdown.append(self._stop)
        application.router.add_get("/_test/pods", self._list_for_tests)
        application.router.add_post("/_test/pods/{pod}/{signal}", self._signal_for_tests)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _start(self, _application: web.Application) -> None:
        await self.store.put(Key("v1", "namespaces", None, "kube-system"), {"metadata": {"name": "kube-system"}})

    async def _stop(self, _application: web.Application) -> None:
        await self.kubelet.stop()

    async def _list_for_tests(self, _request: web.Request) -> web.Response:
        pods = self.store.matching("v1", "pods", None, "")
        running = {name for name, process in self.kubelet.processes.items() if process.returncode is None}
        return web.json_response(
            [
                {
                    "name": pod["metadata"]["name"],
                    "labels": pod["metadata"]["labels"],
                    "spec": pod["spec"],
                    "phase": pod["status"]["phase"],
                    "running": pod["metadata"]["name"] in running,
                    "log": self.kubelet.logs.get(pod["metadata"]["name"]),
                }
                for pod in pods
            ]
        )

    async def _signal_for_tests(self, request: web.Request) -> web.Response:
        await self.kubelet.kill(request.match_info["pod"], signal.Signals[request.match_info["signal"]])
        return web.json_response({})

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        if (found := _discovery(parts)) is not None:
            return web.json_response(found)
        resource = _resource(parts)
        if resource is None:
            return _failure(404, "NotFound", f"the server could not find the requested resource {request.path}")
        match request.method:
            case "POST":
                return await self._create(request, resource)
            case "GET" if resource[3] is None and request.query.get("watch") in {"1", "true", "True"}:
                return await self._watch(request, resource)
            case "GET" if resource[3] is None:
                return self._list(request, resource)
            case _:
                return await self._one(request, resource)

    async def _create(self, request: web.Request, resource: Resource) -> web.Response:
        group_version, name, namespace, _, _ = resource
        item = await request.json()
        metadata = item.setdefault("metadata", {})
        metadata.setdefault("name", metadata.get("generateName", "x-") + uuid.uuid4().hex[:5])
        item |= {"apiVersion": group_version, "kind": KINDS[group_version, name]}
        key = Key(group_version, name, namespace, metadata["name"])
        if key in self.store.objects:
            return _failure(409, "AlreadyExists", f'{name} "{key.name}" already exists')
        if name == "jobs" and (refusal := _refusal(item)):
            return _failure(422, "Invalid", refusal)
        await self.store.put(key, item)
        if name == "jobs":
            task = asyncio.create_task(self.kubelet.run_job(key))
            self.jobs.add(task)
            task.add_done_callback(self.jobs.discard)
        return web.json_response(item, status=201)

    def _list(self, request: web.Request, resource: Resource) -> web.Response:
        group_version, name, namespace, _, _ = resource
        items = self.store.matching(group_version, name, namespace, request.query.get("labelSelector", ""))
        metadata = {"resourceVersion": str(self.store.version)}
        kind = KINDS[group_version, name] + "List"
        return web.json_response({"kind": kind, "apiVersion": group_version, "metadata": metadata, "items": items})

    async def _watch(self, request: web.Request, resource: Resource) -> web.StreamResponse:
        group_version, name, namespace, _, _ = resource
        selector = request.query.get("labelSelector", "")
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        seen = int(request.query.get("resourceVersion") or self.store.version)
        end = time.monotonic() + float(request.query.get("timeoutSeconds") or 300)
        while time.monotonic() < end:
            news = [change for change in self.store.history if change.version > seen]
            for change in news:
                at = (change.key.group_version, change.key.resource)
                if (
                    at == (group_version, name)
                    and namespace in (None, change.key.namespace)
                    and selects(selector, change.object)
                ):
                    line = json.dumps({"type": change.event, "object": change.object})
                    await response.write(line.encode() + b"\n")
                seen = max(seen, change.version)
            try:
                async with self.store.changed:
                    await asyncio.wait_for(self.store.changed.wait(), min(LONGEST_WAIT_S, max(0.1, end - time.monotonic())))
            except TimeoutError:
                continue
        return response

    async def _one(self, request: web.Request, resource: Resource) -> web.Response:
        group_version, kind, namespace, name, part = resource
        key = Key(group_version, kind, namespace, name or "")
        item = self.store.objects.get(key)
        if item is None:
            return _failure(404, "NotFound", f'{kind} "{name}" not found')
        if part == "log":
            return web.Response(text=self.kubelet.logs.get(key.name, ""))
        match request.method:
            case "DELETE":
                await self._delete(key)
                item = {"kind": "Status", "status": "Success"}
            case "PUT":
                item = await self.store.put(key, await request.json())
            case "PATCH":
                item = await self.store.put(key, _merged(item, await request.json()))
        return web.json_response(item)

    async def _delete(self, key: Key) -> None:
        item = await self.store.remove(key)
        if key.name in self.kubelet.processes:
            await self.kubelet.kill(key.name, signal.SIGTERM)
        for owned in [] if item is None else self.store.owned_by(item["metadata"]["uid"]):
            await self._delete(owned)


def _discovery(parts: list[str]) -> Object | None:
    match parts:
        case ["version"]:
            major, minor = KUBERNETES_VERSION.split(".")
            return {"major": major, "minor": minor, "gitVersion": f"v{KUBERNETES_VERSION}.0"}
        case ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"]}
        case ["apis"]:
            batch = {"groupVersion": "batch/v1", "version": "v1"}
            group = {"name": "batch", "versions": [batch], "preferredVersion": batch}
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
        case ["api", "v1"]:
            return _resource_list("v1")
        case ["apis", "batch", "v1"]:
            return _resource_list("batch/v1")
        case _:
            return None


def _resource_list(group_version: str) -> Object:
    resources = [
        {"name": name, "singularName": name[:-1], "namespaced": name != "namespaces", "kind": kind, "verbs": VERBS}
        for (of, name), kind in KINDS.items()
        if of == group_version
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}


def _resource(parts: list[str]) -> Resource | None:
    group_version, rest = ("v1", parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
    namespace = None
    if len(rest) > 2 and rest[0] == "namespaces":
        namespace, rest = rest[1], rest[2:]
    name, item, part = [*rest, None, None, None][:3]
    if name is None or (group_version, name) not in KINDS:
        return None
    return group_version, name, namespace, item, part


def _refusal(job: Object) -> str | None:
    """What a real API server would refuse a job for."""
    try:
        kubernetes_validate.validate(job, KUBERNETES_VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    return None


def _merged(item: Any, patch: Any) -> Any:
    if not isinstance(item, dict) or not isinstance(patch, dict):
        return patch
    return item | {name: _merged(item.get(name), value) for name, value in patch.items()}


def _failure(code: int, reason: str, message: str) -> web.Response:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": code}
    return web.json_response(status, status=code)


if __name__ == "__main__":
    web.run_app(ApiServer(Path(sys.argv[2])).application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
