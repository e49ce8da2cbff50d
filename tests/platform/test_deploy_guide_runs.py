"""The commands of docs/deploy-gcp.md that can run without Google and Docker, run as they stand there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.platform.guide import ROOT, blocks
from tests.platform.test_kubernetes import IMAGE, INSTALLATION

# A person's own credentials, as `gcloud auth application-default login` leaves them; nothing is asked with these.
CREDENTIALS = {"type": "authorized_user", "client_id": "nobody", "client_secret": "none", "refresh_token": "none"}

# Runs a script beside a Prefect server of its own, in a process of its own: Prefect reads its settings when it is imported.
BESIDE_A_SERVER = """
import subprocess, sys
from pathlib import Path
from cli.local_server.server import orchestration
with orchestration(Path(sys.argv[1])):
    sys.exit(subprocess.run(["bash", "-euxo", "pipefail", sys.argv[2]]).returncode)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)  # six starts of Prefect's command line, each of which takes long on a busy machine
def test_every_command_that_can_run_here_does(tmp_path: Path) -> None:
    """In a folder that looks like the repository, against a real server; what the cloud would have given is made up."""
    for entry in ROOT.iterdir():
        if entry.name not in {".git", ".tunegate"}:
            (tmp_path / entry.name).symlink_to(entry)
    (tmp_path / "installation.json").write_text(json.dumps(INSTALLATION), encoding="utf-8")
    (tmp_path / "credentials.json").write_text(json.dumps(CREDENTIALS), encoding="utf-8")
    commands = [command for block in blocks() if block.where == "local" for command in block.commands]
    script = tmp_path / "local.sh"
    script.write_text("\n".join([*commands, ""]), encoding="utf-8")
    environment = os.environ | {
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "credentials.json"),
        "GOOGLE_CLOUD_PROJECT": "a-project",
        "TUNEGATE_IMAGE": IMAGE,
        "RESULTS": "gs://a-project-tunegate-production-results/prefect",
        "TUNEGATE_SLACK_WEBHOOK_URL": "http://127.0.0.1:9/planted-webhook",
        "TUNEGATE_HOME": str(tmp_path / "home"),
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "COLUMNS": "200",
    }
    beside = [sys.executable, "-c", BESIDE_A_SERVER, str(tmp_path / "server"), str(script)]
    ran = subprocess.run(beside, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said[-3000:]

    rendered = list(yaml.safe_load_all((tmp_path / "manifests.yaml").read_text(encoding="utf-8")))
    assert {"prefect-server", "prefect-workers"} <= {item["metadata"]["name"] for item in rendered}
    for name in ("orchestrators", "tuning", "simulations", "retune/retune-manhattan", "worker/worker", "rollback/rollback"):
        assert name in ran.stdout
    assert "planted-webhook" not in said
