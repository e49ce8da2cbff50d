"""`tunegate sign-in`: a new link that signs a browser in to the running `tunegate up`."""

from __future__ import annotations

from cli.exit_codes import EXIT_OK
from cli.local_server.running_instance import running_instance
from cli.local_server.sign_in import sign_in_link
from cli.terminal import print_line
from tunegate.config.workspace import Workspace
from tunegate.domain.errors import BadInput, Fault


def run() -> int:
    """Print a link that works once. Raises BadInput where nothing runs."""
    home = Workspace.from_environment().prefect_home
    running = running_instance(home)
    if running is None:
        rule, remedy = "`tunegate up` must run for this home", "Start it; it prints a link too."
        raise BadInput(Fault(rule, "none that runs", str(home), remedy))
    print_line(sign_in_link(home, running.ui))
    return EXIT_OK
