"""`tunegate verdict`: the records of verdicts.

As in `cli.main`, each function only imports and calls its namesake in `cli.commands`.
"""

from __future__ import annotations

from cli.arguments import Region, Verdict
from cli.lazy_typer import LazyTyper

verdict_app = LazyTyper(subcommand_metavar="ACTION ...")


@verdict_app.command("list")
def verdict_list(region: Region) -> int:
    """List every verdict of a region, newest first."""
    from cli.commands import verdict_list as command

    return command.run(region)


@verdict_app.command("show")
def verdict_show(verdict: Verdict) -> int:
    """Print the immutable record of a verdict."""
    from cli.commands import verdict_show as command

    return command.run(verdict)


@verdict_app.command("replay")
def verdict_replay(verdict: Verdict) -> int:
    """Compute a verdict again from stored day results, bit for bit."""
    from cli.commands import verdict_replay as command

    return command.run(verdict)
