"""A server of ours and its clients take our settings, whatever another project left in the folder or in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.services]

# One run of a flow on a server of its own, and what a client of Prefect finds on it afterwards.
RUN = """
import asyncio, sys
from pathlib import Path
from cli.local_server.server import orchestration
with orchestration(Path(sys.argv[1])):
    from prefect import flow, get_client

    @flow
    def toy() -> str:
        return "done"

    async def runs():
        async with get_client() as client:
            return len(await client.read_flow_runs())

    print(toy(), asyncio.run(runs()), sorted(path.name for path in Path().iterdir()))
"""
DEAD = "http://127.0.0.1:9"
PREFECT_TOML = f'[api]\nurl = "{DEAD}/api"\n[server.api]\nauth_string = "admin:pass"\n[results]\npersist_by_default = true\n'
DOT_ENV = "PREFECT_SERVER_API_BASE_PATH=/prefect/api\nPREFECT_SERVER_EPHEMERAL_ENABLED=false\nPREFECT_LOGGING_LEVEL=LOUD\n"
PROFILES = f'active = "work"\n[profiles.work]\nPREFECT_API_URL = "{DEAD}/api"\nPREFECT_SERVER_API_BASE_PATH = "/elsewhere"\n'
PROXIES = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), DEAD)
EXPORTED = {
    "PREFECT_SERVER_API_AUTH_STRING": "admin:pass",
    "PREFECT_API_AUTH_STRING": "admin:pass",
    "PREFECT_SERVER_API_BASE_PATH": "/prefect/api",
    "PREFECT_LOGGING_LEVEL": "LOUD",
    "PREFECT_SERVER_DATABASE_CONNECTION_URL": "postgresql+asyncpg://nobody@127.0.0.1:9/none",
    "PREFECT_CLIENT_CUSTOM_HEADERS": "not json",
}


def run_in(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "NO_PROXY", "no_proxy"))
    }
    command = [sys.executable, "-P", "-c", RUN, str(folder / "home")]
    folder.mkdir(exist_ok=True)
    return subprocess.run(
        command, cwd=folder, env={**surroundings, **environment}, capture_output=True, text=True, timeout=280, check=False
    )


@pytest.mark.parametrize(
    ("files", "environment"),
    [
        ({"prefect.toml": PREFECT_TOML, "pyproject.toml": "[tool.prefect\n"}, {}),
        ({".env": DOT_ENV, "prefect.py": "raise SystemExit('shadowed')", "secrets.py": "raise SystemExit('shadowed')"}, {}),
        (
            {"profiles.toml": PROFILES},
            {"PREFECT_HOME": ".", "PREFECT_PROFILES_PATH": "profiles.toml", "PREFECT_PROFILE": "work"},
        ),
        ({}, EXPORTED),
        ({}, PROXIES),
    ],
    ids=["toml", "dotenv and modules", "profile", "environment", "proxy"],
)
def test_nothing_of_the_surroundings_reaches_a_server_of_ours_or_its_clients(tmp_path, files, environment):
    folder = tmp_path / "project"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content)
    ran = run_in(folder, **environment)
    assert (ran.returncode, ran.stdout) == (0, f"done 1 {sorted([*files, 'home'])}\n"), ran.stderr[-2000:]
