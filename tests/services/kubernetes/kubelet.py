"""Job controller and kubelet in one: a job becomes a pod, and the pod's container a process in a PID namespace of its own."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.kubernetes.objects import Key, Object, ObjectStore, now

# What a container would have from its image; everything else comes from the manifest, as in a real pod.
FROM_THE_IMAGE = ("PATH", "HOME", "LANG", "TMPDIR")
SHARED_FOLDERS = ("/tmp",)  # noqa: S108 - the tests' own files are there, and pods must find the simulator among them
OUT_OF_MEMORY_CODES = (-signal.SIGKILL, 128 + signal.SIGKILL)


@dataclass
class Kubelet:
    """Runs pods in `image_folder`, where their image would have the program. `processes` and `logs` go by pod name."""

    store: ObjectStore
    image_folder: Path
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)

    async def run_job(self, key: Key) -> None:
        """Run a job to its end: one pod after another until one succeeds or the back-off limit is reached."""
        job = self.store.objects[key]
        job["status"] = {"startTime": now(), "active": 1}
        await self.store.put(key, job)
        succeeded = False
        for _ in range(job["spec"].get("backoffLimit", 6) + 1):
            succeeded = await self._run_pod(key, job)
            if succeeded or key not in self.store.objects:
                break
        if key in self.store.objects:
            await self._finish(key, job, succeeded)

    async def kill(self, pod: str, number: int = signal.SIGKILL) -> None:
        """Send a signal to the container's first process, as the kernel or an eviction would."""
        process = self.processes[pod]
        if process.returncode is None:
            os.killpg(process.pid, number)

    async def stop(self) -> None:
        for pod, process in self.processes.items():
            await self.kill(pod)
            await process.wait()

    async def _finish(self, key: Key, job: Object, succeeded: bool) -> None:
        condition = {"type": "Complete" if succeeded else "Failed", "status": "True", "lastTransitionTime": now()}
        if not succeeded:
            condition |= {"reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
        job["status"] = {"startTime": job["status"]["startTime"], "conditions": [condition]}
        job["status"]["succeeded" if succeeded else "failed"] = 1
        if succeeded:
            job["status"]["completionTime"] = now()
        await self.store.put(key, job)

    async def _run_pod(self, job_key: Key, job: Object) -> bool:
        pod, key = self._pod(job_key, job)
        await self.store.put(key, pod)
        container = pod["spec"]["containers"][0]
        mounts = " && ".join(f"mount -t tmpfs tmpfs {path}" for path in _empty_folders(pod["spec"]))
        process = await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "KILL"),  # pods end with their cluster, however that ends
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            *("sh", "-c", f'{mounts or "true"} && exec "$@"', "sh"),
            *(container.get("command") or []),
            *(container.get("args") or []),
            env=self._environment(job_key.namespace, container),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=self.image_folder,
            start_new_session=True,
        )
        self.processes[key.name] = process
        await self._set_phase(key, pod, "Running", {"running": {"startedAt": now()}})
        output, _ = await process.communicate()
        self.logs[key.name] = output.decode(errors="replace")
        code = process.returncode or 0
        if key in self.store.objects:
            phase, terminated = _end_of(code)
            await self._set_phase(key, pod, phase, {"terminated": terminated})
        return code == 0

    def _pod(self, job_key: Key, job: Object) -> tuple[Object, Key]:
        template, name = job["spec"]["template"], job_key.name
        labels = (template.get("metadata", {}).get("labels") or {}) | (job["metadata"].get("labels") or {})
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": job["metadata"]["uid"], "controller": True}
        metadata = {
            "name": f"{name}-{uuid.uuid4().hex[:5]}",
            "labels": labels | {"job-name": name, "batch.kubernetes.io/job-name": name},
            "ownerReferences": [owner],
        }
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }
        return pod, Key("v1", "pods", job_key.namespace, metadata["name"])

    def _environment(self, namespace: str | None, container: Object) -> dict[str, str]:
        environment = {name: os.environ[name] for name in FROM_THE_IMAGE if name in os.environ}
        for source in container.get("envFrom") or []:
            settings = self.store.objects[Key("v1", "configmaps", namespace, source["configMapRef"]["name"])]
            environment |= settings["data"]
        for entry in container.get("env") or []:
            if entry.get("value") is not None:
                environment[entry["name"]] = entry["value"]
            elif reference := (entry.get("valueFrom") or {}).get("secretKeyRef"):
                secret = self.store.objects[Key("v1", "secrets", namespace, reference["name"])]
                environment[entry["name"]] = base64.b64decode(secret["data"][reference["key"]]).decode()
        return environment

    async def _set_phase(self, key: Key, pod: Object, phase: str, state: Object) -> None:
        container = pod["spec"]["containers"][0]
        status = {
            "name": container["name"],
            "image": container.get("image", ""),
            "imageID": "",
            "ready": phase == "Running",
            "restartCount": 0,
            "state": state,
        }
        pod["status"] = {"phase": phase, "startTime": now(), "containerStatuses": [status]}
        await self.store.put(key, pod)


def _empty_folders(spec: Object) -> list[str]:
    """Where the container has an empty folder to itself: what one pod writes there, no other pod finds."""
    empty = {volume["name"] for volume in spec.get("volumes") or [] if "emptyDir" in volume}
    mounts = spec["containers"][0].get("volumeMounts") or []
    folders = [mount["mountPath"] for mount in mounts if mount["name"] in empty and mount["mountPath"] not in SHARED_FOLDERS]
    for folder in folders:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return folders


def _end_of(code: int) -> tuple[str, Object]:
    if code == 0:
        return "Succeeded", {"exitCode": 0, "reason": "Completed", "finishedAt": now()}
    reason = "OOMKilled" if code in OUT_OF_MEMORY_CODES else "Error"
    return "Failed", {"exitCode": code if code > 0 else 128 - code, "reason": reason, "finishedAt": now()}
