"""`tunegate registry`: what production ran, and publishing it again.

As in `cli.main`, each function only imports and calls its namesake in `cli.commands`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from cli.arguments import Json, Region
from cli.lazy_typer import LazyTyper

registry_app = LazyTyper(subcommand_metavar="ACTION ...")


@registry_app.command("list")
def registry_list() -> int:
    """List the current version of every region."""
    from cli.commands import registry_list as command

    return command.run()


@registry_app.command("show")
def registry_show(
    region: Region, version: Annotated[int | None, typer.Option(metavar="N", help="By default the current one.")] = None
) -> int:
    """Print one version as JSON."""
    from cli.commands import registry_show as command

    return command.run(region, version)


@registry_app.command("diff")
def registry_diff(
    region: Region,
    versions: Annotated[
        list[int],
        typer.Argument(
            metavar="VERSION VERSION",
            default_factory=list,
            help="By default the previous and the current one.",
            show_default=False,
        ),
    ],
) -> int:
    """Name the parameters that differ between two versions."""
    from cli.commands import registry_diff as command

    return command.run(region, tuple(versions))


@registry_app.command("history")
def registry_history(region: Region, *, json: Json = False) -> int:
    """List every version and every decision of a region."""
    from cli.commands import registry_history as command

    return command.run(region, as_json=json)


@registry_app.command("verify")
def registry_verify(region: Region) -> int:
    """Check every version, document, decision, verdict and signature of a region with public keys alone."""
    from cli.commands import registry_verify as command

    return command.run(region)


@registry_app.command("repair")
def registry_repair(
    region: Annotated[str | None, typer.Argument(metavar="REGION", help="By default every region.", show_default=False)] = None,
) -> int:
    """Publish the current version where production reads another."""
    from cli.commands import registry_repair as command

    return command.run(region)
