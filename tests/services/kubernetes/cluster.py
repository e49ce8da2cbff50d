"""A cluster inside `with`: its API server, the kubeconfig that leads there, and a hand to kill pods with."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import yaml

from tests.services.forwarder import free_port
from tunegate.adapters.simulator import process_guard

START_TIMEOUT_S = 60
REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Pod:
    """A pod as the cluster sees it; `log` is there once it has ended."""

    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    phase: str
    running: bool
    log: str | None


class Cluster:
    """Pods are processes of this machine. Everything ends with the `with` block, and with the test's own death."""

    def __init__(self, folder: Path) -> None:
        self.kubeconfig = folder / "kubeconfig.yaml"
        self._port = free_port()
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{self._port}", timeout=30)
        self._server: subprocess.Popen[bytes] | None = None
        self._lifeline = -1

    def __enter__(self) -> Cluster:
        lifeline, self._lifeline = os.pipe()
        server = [sys.executable, "-m", "tests.services.kubernetes.api", str(self._port), str(REPOSITORY)]
        self._server = subprocess.Popen(
            [sys.executable, process_guard.__file__, str(lifeline), *server],
            cwd=REPOSITORY,
            # The images have the programs on their PATH.
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            pass_fds=(lifeline,),
            start_new_session=True,
        )
        os.close(lifeline)
        self.wait_until(self._answers, "the API server answers", START_TIMEOUT_S)
        self._write_kubeconfig()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        os.close(self._lifeline)
        if self._server is not None:
            self._server.wait(timeout=30)
        self._client.close()

    def create(self, kind: str, namespace: str, name: str, **content: Any) -> None:
        """A ConfigMap (`data=`) or a Secret (`data=`, in plain text here)."""
        if kind == "secrets":
            content["data"] = {key: base64.b64encode(text.encode()).decode() for key, text in content["data"].items()}
        document = {"metadata": {"name": name}, **content}
        self._client.post(f"/api/v1/namespaces/{namespace}/{kind}", json=document).raise_for_status()

    def pods(self, pool: str | None = None) -> list[Pod]:
        """Every pod there ever was, of one work pool or of all."""
        found = [Pod(**each) for each in self._client.get("/_test/pods").raise_for_status().json()]
        return [pod for pod in found if pool in (None, pod.labels.get("tunegate/pool"))]

    def signal(self, pod: str, name: str = "SIGKILL") -> None:
        """Send the pod's process a signal: SIGKILL is what running out of memory does, SIGTERM begins an eviction."""
        self._client.post(f"/_test/pods/{pod}/{name}").raise_for_status()

    def wait_for_pod(self, pool: str, timeout_s: float, which: Callable[[Pod], bool] = lambda pod: pod.running) -> Pod:
        """The first pod of a pool that is as wanted."""
        found: list[Pod] = []

        def there() -> bool:
            found.extend(pod for pod in self.pods(pool) if which(pod))
            return bool(found)

        self.wait_until(there, f"a pod of {pool}", timeout_s)
        return found[0]

    @staticmethod
    def wait_until(holds: Callable[[], bool], what: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {timeout_s:g} s in vain until {what}")
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            return self._client.get("/version").is_success
        except httpx.TransportError:
            return False

    def _write_kubeconfig(self) -> None:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{self._port}"}}],
            "users": [{"name": "test", "user": {"token": "none"}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }
        self.kubeconfig.write_text(yaml.safe_dump(document))
