"""`python -m cli.local_server.dashboard PORT`: show the studies. The database address is not on its command line."""

from __future__ import annotations

import sys
from wsgiref.simple_server import make_server

from cli.local_server.access import Access
from cli.local_server.guard import guarded_wsgi
from cli.local_server.home_secret import home_secret
from cli.local_server.server import HOST
from tunegate.adapters.optuna import dashboard
from tunegate.config.workspace import Workspace


def serve(workspace: Workspace, port: int) -> None:
    """Show every study of an installation to browsers that are signed in, until the process ends."""
    url = workspace.shared_study_url
    studies = dashboard.studies_of_folder(workspace.studies) if url is None else dashboard.studies_of_database(url)
    guarded = guarded_wsgi(studies, Access(home_secret(workspace.prefect_home)))
    with make_server(HOST, port, guarded) as server:
        server.serve_forever()


if __name__ == "__main__":
    serve(Workspace.from_environment(), int(sys.argv[1]))
