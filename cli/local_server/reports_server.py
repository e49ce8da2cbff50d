"""`python -m cli.local_server.reports_server PORT FOLDER`: show the reports of a home to browsers that are signed in."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from cli.local_server.access import Access
from cli.local_server.guard import GuardedServer
from cli.local_server.home_secret import home_secret
from cli.local_server.server import HOST
from tunegate.config.workspace import Workspace


def reports_application(folder: Path, access: Access) -> GuardedServer:
    """The files of this folder, and nothing that a symbolic link in it leads to elsewhere."""
    return GuardedServer(Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))]), access)


def serve(workspace: Workspace, folder: Path, port: int) -> None:
    """Show the reports until the process ends."""
    access = Access(home_secret(workspace.prefect_home))
    uvicorn.run(reports_application(folder, access), host=HOST, port=port, log_level="warning", ws="none")


if __name__ == "__main__":
    serve(Workspace.from_environment(), Path(sys.argv[2]), int(sys.argv[1]))
