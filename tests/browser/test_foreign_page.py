"""A page of another origin, open in a browser that is signed in, can neither read, nor start a run, nor approve."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.browser.ui import Ui
from tests.flows.conftest import REGION
from tests.services.team import RunningTeam

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

PATIENCE_S = 420
# Chromium's ways to ask another origin: with a JSON body (asked for first), and as a form would (not asked for).
ASK = """
async ([url, method, body]) => {
    const answers = [];
    for (const headers of [{"content-type": "application/json"}, {"content-type": "text/plain"}, {}])
        for (const credentials of ["include", "omit"])
            try {
                const answer = await fetch(url, {method, headers, credentials, body: body ?? undefined});
                answers.push(`${answer.status} ${await answer.text()}`);
            } catch (error) {
                await fetch(url, {method, mode: "no-cors", credentials, body: body ?? undefined}).catch(() => null);
            }
    return answers;
}
"""
LISTEN = """
async (url) => await new Promise((resolve) => {
    const socket = new WebSocket(url, "prefect");
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
})
"""


@contextmanager
def foreign_page() -> Iterator[int]:
    """An empty page on a port of its own."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>You have won</title>")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def eventually(found: Any, what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (seen := found()):
        assert time.monotonic() < deadline, what
        time.sleep(0.5)
    return seen


def runs(team: RunningTeam, **of: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = team.api("flow_runs/filter", of)
    return found


def waiting_rollout(team: RunningTeam, config: Path) -> str:
    """A run that waits for approval of a candidate of a toy campaign, which is begun by the first who asks."""
    config.write_text(yaml.safe_dump({**REGION, "region": "toyton", "release": {"approvers": ["Ada"], "four_eyes": False}}))
    if not runs(team, flow_runs={"name": {"any_": ["toyton/rollout"]}}):
        deployment = team.api("deployments/name/retune/retune")["id"]
        team.api(f"deployments/{deployment}/create_flow_run", {"parameters": {"config": str(config)}})
    wanted = {"flow_runs": {"name": {"any_": ["toyton/rollout"]}, "state": {"name": {"any_": ["Suspended"]}}}}
    return str(eventually(lambda: runs(team, **wanted), "the candidate waits for approval")[0]["id"])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_page_of_another_origin_reads_nothing_starts_nothing_and_approves_nothing(ui: Ui, team: RunningTeam, tmp_path, host):
    config, planted = team.folder / "toyton.yaml", tmp_path / "planted"
    waiting = waiting_rollout(team, config)
    script = tmp_path / "simulator"
    script.write_text(f"#!{sys.executable}\nopen({str(planted)!r}, 'w')\n")
    script.chmod(0o755)
    deployment = team.api("deployments/name/retune/retune")["id"]
    ui.open_deployment("retune")  # signed in, and at work

    page, api = ui.page.context.new_page(), team.addresses.api
    with foreign_page() as port:
        page.goto(f"http://{host}:{port}/")
        read = page.evaluate(ASK, [f"{api}/deployments/filter", "POST", "{}"])
        read += page.evaluate(ASK, [f"{api}/deployments/name/retune/retune", "GET", None])
        read += page.evaluate(ASK, [team.addresses.index, "GET", None])
        read += page.evaluate(ASK, [team.addresses.dashboard.replace("/dashboard", "/api/studies"), "GET", None])
        listened = page.evaluate(LISTEN, f"{api.replace('http', 'ws')}/events/out")
        start = {"parameters": {"config": str(config), "overrides": [f"simulator.command=[{script}]"]}}
        read += page.evaluate(ASK, [f"{api}/deployments/{deployment}/create_flow_run", "POST", json.dumps(start)])
        answer = {"run_input": {"decision": "approve", "approver": "Ada", "reason": "you have won", "override": False}}
        read += page.evaluate(ASK, [f"{api}/flow_runs/{waiting}/resume", "POST", json.dumps(answer)])
        started = [run["id"] for run in runs(team) if str(script) in json.dumps(run["parameters"])]
        if started:  # An attack that got so far gets the time to end.
            eventually(planted.exists, "the attacker's script runs")
    seen = [answer for answer in read if answer[:3] in {"200", "201"}]
    state = team.api(f"flow_runs/{waiting}")["state"]["name"]
    published = (team.home / "published" / "toyton.json").exists()
    assert (seen, listened, started, planted.exists(), state, published) == ([], "refused", [], False, "Suspended", False)
