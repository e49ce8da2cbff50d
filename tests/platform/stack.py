"""The team platform on one machine, of which every part can be killed or be away for a while.

A cluster whose pods are processes, the real Prefect server and Kubernetes workers, MariaDB behind a forwarder that stands for
the Cloud SQL Auth Proxy, and buckets.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import pytest

from tests.services.bigquery import bigquery_service
from tests.services.forwarder import Forwarder, free_port
from tests.services.gcs import gcs_service
from tests.services.kubernetes.cluster import REPOSITORY, Cluster
from tests.services.mariadb import Database, MariaDb
from tests.services.slack import slack_server
from tunegate.adapters.simulator import process_guard

POOLS = ("orchestrators", "tuning", "simulations")
NAMESPACE = "tunegate"
HOME = "/var/lib/tunegate"  # an empty folder in every pod
BIN = Path(sys.executable).parent
PATIENCE_S = 900  # of a busy machine; a quiet one needs 20 s for most of what is waited for
PAGE = 200
WATCH_EVERY_S = 0.3
SLACK_BLOCK = "tunegate"
AUTH = "prefect:planted-password"
CREDENTIALS = ("prefect", "planted-password")
SAVE_SLACK_BLOCK = f"""
import os
from prefect_slack import SlackWebhook
SlackWebhook(url=os.environ["TUNEGATE_SLACK_WEBHOOK_URL"]).save("{SLACK_BLOCK}", overwrite=True)
"""
# What contends for SQLite and has nothing to do with runs; a team's server is on PostgreSQL.
SERVICES_OFF = ("TASK_RUN_RECORDER", "EVENT_PERSISTER", "EVENT_LOGGER", "TRIGGERS", "LATE_RUNS", "SCHEDULER", "FOREMAN")


class Platform:
    """Everything inside `with`; `run` starts a deployment and `ended` waits for it.

    `checkouts` are the folders with our code in them that any process of the platform has worked in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.api_url = f"http://127.0.0.1:{free_port()}/api"
        self.cluster = Cluster(folder)
        self._processes: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
        self._stack = ExitStack()
        self._command_lines: set[str] = set()
        self.checkouts: set[Path] = set()
        self._over = threading.Event()

    def __enter__(self) -> Platform:
        if os.geteuid() != 0 or shutil.which("unshare") is None:
            pytest.skip("pods are processes in namespaces of their own, which takes root and `unshare`")
        threading.Thread(target=self._watch_processes, daemon=True).start()
        self.mariadb = self._stack.enter_context(MariaDb(self.folder / "mariadb"))
        self.proxy = self._stack.enter_context(Forwarder(self.mariadb.port, self.folder / "proxy.sock"))
        self.gcs = self._stack.enter_context(gcs_service("tunegate"))
        self.bigquery = self._stack.enter_context(bigquery_service("acme-tunegate"))
        self.bigquery.create("taxis")
        self.slack = self._stack.enter_context(slack_server())
        self._stack.enter_context(self.cluster)
        self.start_server()
        name = self.mariadb.database().name
        self.database = Database(name, self.proxy.port, self.proxy.socket_path)
        self.cluster.create("secrets", NAMESPACE, "tunegate-database", data={"url": self.database.url})
        self.cluster.create("secrets", NAMESPACE, "prefect-auth", data={"string": AUTH})
        self.cluster.create("configmaps", NAMESPACE, "tunegate-settings", data=self.settings)
        for pool in POOLS:
            template = REPOSITORY / "infra" / "work-pools" / f"{pool}.json"
            self.prefect("work-pool", "create", pool, "--type", "kubernetes", "--base-job-template", str(template))
        self._run("python", "-c", SAVE_SLACK_BLOCK, TUNEGATE_SLACK_WEBHOOK_URL=self.slack.url)
        self.prefect("--no-prompt", "deploy", "--all")
        for pool in POOLS:
            self._start(f"worker-{pool}", "prefect", "worker", "start", "--pool", pool, "--type", "kubernetes")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        for name in list(self._processes):
            self._stop(name)
        self._stack.close()

    @property
    def settings(self) -> dict[str, str]:
        """The environment of every pod, secrets apart."""
        return {
            "PREFECT_API_URL": self.api_url,
            "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true",
            "PREFECT_LOCAL_STORAGE_PATH": str(self.folder / "prefect-results"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_CLIENT_MAX_RETRIES": "10",
            "TUNEGATE_HOME": HOME,
            "TUNEGATE_LEASE_SECONDS": "30",  # The default of a minute would be waited for after every kill.
            "TUNEGATE_CONFIGS": str(self.folder),
            "TUNEGATE_USER": "cron",
            "TUNEGATE_PUBLISH_URL": "gs://tunegate/published",
            "TUNEGATE_REPORTS_URL": "gs://tunegate/reports",
            "TUNEGATE_RESULTS_URL": "bigquery://acme-tunegate/taxis",
            "TUNEGATE_SLACK_BLOCK": SLACK_BLOCK,
            "STORAGE_EMULATOR_HOST": self.gcs.url,
            "BIGQUERY_EMULATOR_HOST": self.bigquery.url,
            "CLOUD_SQL_INSTANCE": "project:region:tunegate",
        }

    def start_server(self) -> None:
        """Start the Prefect server, again on the same port and database after `stop_server`."""
        port = self.api_url.split(":")[2].split("/")[0]
        self._start(
            "server",
            "python",
            "-m",
            "cli.local_server.prefect_server",
            "--port",
            port,
        )
        self.cluster.wait_until(self._server_answers, "the Prefect server answers", PATIENCE_S)

    def stop_server(self) -> None:
        """Kill the server as a lost node would."""
        self._stop("server")

    def prefect(self, *arguments: str) -> str:
        """What `prefect …` prints."""
        return self._run("prefect", *arguments)

    def _run(self, program: str, *arguments: str, **environment: str) -> str:
        ran = subprocess.run(
            [str(BIN / program), *arguments],
            env=self._environment() | environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def tunegate(self, *arguments: str, home: str = "home") -> subprocess.CompletedProcess[str]:
        """Run `tunegate …` as a person at a laptop who may reach the database does."""
        environment = self._environment() | self.settings
        environment |= {"TUNEGATE_HOME": str(self.folder / home), "TUNEGATE_DATABASE_URL": self.database.url}
        return subprocess.run(
            [str(BIN / "tunegate"), *arguments],
            env=environment,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def run(self, deployment: str, parameters: Mapping[str, Any]) -> str:
        """Start a run of a deployment; returns its id."""
        found = self._get(f"/deployments/name/{deployment}/{deployment}")
        body = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}}
        answer = self._post(f"/deployments/{found['id']}/create_flow_run", body)
        return str(answer.json()["id"])

    def state(self, run: str) -> dict[str, Any]:
        """The state of a run, as the server has it."""
        state: dict[str, Any] = self._get(f"/flow_runs/{run}")["state"]
        return state

    def cancel(self, run: str) -> None:
        """Ask for the end of a run once it runs, as the button in the UI does."""
        self.cluster.wait_until(lambda: self.state(run)["type"] == "RUNNING", f"{run} runs", PATIENCE_S)
        body = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
        self._post(f"/flow_runs/{run}/set_state", body)

    def ended(self, run: str, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """The final state of a run. On time-out the error holds what its pods said."""
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        deadline = time.monotonic() + timeout_s
        while (state := self.state(run))["type"] not in final:
            assert time.monotonic() < deadline, self.story()
            time.sleep(0.5)
        return state

    def runs(self, campaign: str, flow: str) -> list[dict[str, Any]]:
        """Every run of a flow in a campaign."""
        filters = {"flows": {"name": {"any_": [flow]}}, "flow_runs": {"tags": {"all_": [f"campaign:{campaign}"]}}}
        found: list[dict[str, Any]] = self._post("/flow_runs/filter", filters).json()
        return found

    def story(self) -> str:
        """What every pod came to, its last words, and those of the runs."""
        lines = []
        for pod in self.cluster.pods():
            lines.append(f"{pod.name} {pod.phase}")
            lines += [f"    {line}" for line in (pod.log or "").splitlines()[-12:]]
        said = {"sort": "TIMESTAMP_DESC", "limit": 60}
        lines += [entry["message"] for entry in self._post("/logs/filter", said).json()]
        return "\n".join(lines)

    def server_says(self, kind: str) -> str:
        """Everything of a kind (logs, artifacts, flow_runs) that the Prefect server would show, as text."""
        pages = []
        while True:
            asked = {"limit": PAGE, "offset": PAGE * len(pages)}
            answer = self._post(f"/{kind}/filter", asked)
            pages.append(answer.text)
            if len(answer.json()) < PAGE:
                return "\n".join(pages)

    def command_lines(self) -> str:
        """Every command line that the process list showed of the platform's processes: of all that know its API."""
        return "\n".join(sorted(self._command_lines))

    def logs(self) -> str:
        """Everything that any part of the platform has said."""
        said = [path.read_text(errors="replace") for path in self.folder.glob("*.log")]
        return "\n".join(said + [pod.log or "" for pod in self.cluster.pods()])

    def _watch_processes(self) -> None:
        while not self._over.wait(WATCH_EVERY_S):
            for process in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):  # It ended meanwhile.
                    if self.api_url.encode() in (process / "environ").read_bytes():
                        self._look_at(process)

    def _look_at(self, process: Path) -> None:
        self._command_lines.add((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        folder = (process / "cwd").readlink()
        if (folder / "prefect.yaml").is_file():
            self.checkouts.add(folder)

    def _post(self, path: str, body: object) -> httpx.Response:
        return httpx.post(self.api_url + path, json=body, timeout=30, auth=CREDENTIALS).raise_for_status()

    def _get(self, path: str) -> dict[str, Any]:
        answer = httpx.get(self.api_url + path, timeout=30, auth=CREDENTIALS)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def _server_answers(self) -> bool:
        try:
            return httpx.get(f"{self.api_url}/health", timeout=2).is_success
        except httpx.TransportError:
            return False

    def _environment(self) -> dict[str, str]:
        off = {f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in SERVICES_OFF}
        return {
            **os.environ,
            **off,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PREFECT_API_URL": self.api_url,
            "PREFECT_HOME": str(self.folder / "prefect"),
            "PREFECT_SERVER_UI_ENABLED": "false",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_API_AUTH_STRING": AUTH,
            "PREFECT_API_AUTH_STRING": AUTH,
            "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_NAME": "prefect-auth",
            "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_KEY": "string",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "TUNEGATE_IMAGE": "registry.example/tunegate/pipeline:test",
        }

    def _start(self, name: str, program: str, *arguments: str) -> None:
        lifeline, ours = os.pipe()
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, process_guard.__file__, str(lifeline), str(BIN / program), *arguments],
                env=self._environment(),
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lifeline,),
                start_new_session=True,
            )
        os.close(lifeline)
        self._processes[name] = (process, ours)

    def _stop(self, name: str) -> None:
        process, ours = self._processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)
