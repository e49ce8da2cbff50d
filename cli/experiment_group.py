"""`tunegate experiment`: what is tried on the street.

As in `cli.main`, each function only imports and calls its namesake in `cli.commands`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from cli.arguments import Approver, Json, Now, Reason, Region
from cli.lazy_typer import LazyTyper

experiment_app = LazyTyper(subcommand_metavar="ACTION ...")


@experiment_app.command("show")
def experiment_show(region: Region, *, json: Json = False) -> int:
    """Show how the newest experiment of a region stands."""
    from cli.commands import experiment_show as command

    return command.run(region, as_json=json)


@experiment_app.command("stop")
def experiment_stop(region: Region, approver: Approver, reason: Reason, now: Now = None) -> int:
    """End the experiment: what ran before runs again, byte for byte."""
    from cli.commands import experiment_end as command

    return command.stop(region, approver, reason, now)


@experiment_app.command("conclude")
def experiment_conclude(region: Region, approver: Approver, reason: Reason, now: Now = None) -> int:
    """End the experiment: the whole region runs the candidate."""
    from cli.commands import experiment_end as command

    return command.conclude(region, approver, reason, now)


@experiment_app.command("exclude")
def experiment_exclude(
    region: Region,
    window: Annotated[
        str, typer.Argument(metavar="START", help="Start of the window, as the published document has it.", show_default=False)
    ],
    approver: Approver,
    reason: Reason,
) -> int:
    """Take a window out of the analysis; the record says who did it and why."""
    from cli.commands import experiment_exclude as command

    return command.run(region, window, approver, reason)


@experiment_app.command("scores")
def experiment_scores(
    region: Annotated[str | None, typer.Argument(metavar="REGION", help="By default every region.", show_default=False)] = None,
    *,
    json: Json = False,
) -> int:
    """Set what releases were predicted to bring beside what the street saw of them."""
    from cli.commands import experiment_scores as command

    return command.run(region, as_json=json)
