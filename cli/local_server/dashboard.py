"""`python -m cli.local_server.dashboard HOST PORT`: serve the studies. The database address is not on its command line."""

from __future__ import annotations

import sys

from tunegate.adapters.optuna import dashboard
from tunegate.config.workspace import Workspace


def serve(workspace: Workspace, host: str, port: int) -> None:
    """Show every study of an installation in a browser, until the process ends."""
    if workspace.shared_study_url is None:
        dashboard.serve_folder(workspace.studies, host, port)
    else:
        dashboard.serve_database(workspace.shared_study_url, host, port)


if __name__ == "__main__":
    serve(Workspace.from_environment(), sys.argv[1], int(sys.argv[2]))
