"""The command line: every command with its arguments, options and help, and the exit code it ends with.

Each function here only imports and calls its namesake in `cli.commands`. Help, the version and a mistyped option import no
command, and Prefect, which reads its address when it is imported, is imported after it is known which server to use.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Literal

import typer
from typer.main import get_command

from cli.arguments import Approver, Config, Json, KeyFile, Now, Overrides, Reason, Region, Verdict
from cli.exit_codes import EXIT_INTERRUPTED
from cli.experiment_group import experiment_app
from cli.lazy_typer import LazyTyper
from cli.registry_group import registry_app
from cli.renamed_options import with_new_names
from cli.terminal import print_line, print_note
from cli.verdict_group import verdict_app
from tunegate import __version__

DEFAULT_PORT = 4200

app = LazyTyper(
    help="Tune a recommender by simulation; promote only what is proven.",
    subcommand_metavar="COMMAND ...",
    add_completion=False,
    rich_markup_mode=None,  # with Rich, help takes twice the time
)
simulator_app = LazyTyper(subcommand_metavar="ACTION ...")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 for any verdict, 2 for bad input, 1 for a failed run, 130 when interrupted."""
    words, note = with_new_names(sys.argv[1:] if arguments is None else arguments)
    if note is not None:
        print_note(note)
    command = get_command(app)
    try:
        with command.make_context("tunegate", words) as context:
            return int(command.invoke(context))
    except typer.Exit as ended:  # of --help and --version
        return ended.exit_code
    except typer.TyperException as error:
        message = error.format_message()
        print_note(f"error: {message}{'' if message.endswith(('.', '?')) else '.'} See `{_help_of(error)} --help`.")
        return error.exit_code
    except KeyboardInterrupt:
        print_note("interrupted")
        return EXIT_INTERRUPTED
    except Exception as error:
        from cli.failures import report_failure

        code = report_failure(error)
        if code is None:
            raise
        return code


def _help_of(error: typer.TyperException) -> str:
    """The command whose help explains a mistyped command line."""
    context: typer.Context | None = getattr(error, "ctx", None)
    return "tunegate" if context is None else context.command_path


def _print_version(wanted: bool) -> None:
    if wanted:
        print_line(f"tunegate {__version__}")
        raise typer.Exit


@app.callback()
def _tunegate(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of `tunegate` itself. Its help is that of `app`."""


@app.command()
def check(config: Config, overrides: Overrides) -> int:
    """Explain every fault of a configuration at once."""
    from cli.commands import check as command

    return command.run(config, tuple(overrides))


@app.command()
def retune(
    config: Config,
    overrides: Overrides,
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print the outcome as one JSON object on the last line of stdout.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the region's newest campaign that did not finish.")
    ] = False,
) -> int:
    """Tune a region, confirm the best, and judge it on held-out days."""
    from cli.commands import retune as command

    return command.run(config, tuple(overrides), resume=resume, as_json=json)


@app.command()
def power(config: Config, overrides: Overrides, *, json: Json = False) -> int:
    """Say what the planned gate can see, before any test day is spent."""
    from cli.commands import power as command

    return command.run(config, tuple(overrides), as_json=json)


@app.command()
def ledger(region: Region, *, json: Json = False) -> int:
    """List every use of a test period by a region."""
    from cli.commands import ledger as command

    return command.run(region, as_json=json)


app.add_typer(verdict_app, name="verdict", help="List, show or replay the records of verdicts.")


@app.command()
def routes(verdict: Verdict, *, json: Json = False) -> int:
    """Show what the route check of a verdict found."""
    from cli.commands import routes as command

    return command.run(verdict, as_json=json)


@app.command()
def approve(
    verdict: Verdict,
    approver: Approver,
    reason: Reason,
    *,
    override: Annotated[
        bool,
        typer.Option(
            "--override", help="Admit a candidate whose verdict is not promote or whose routes block; marked for ever."
        ),
    ] = False,
    key: KeyFile = None,
) -> int:
    """Release the candidate of a verdict into production, signed by its approver."""
    from cli.commands import approve as command

    return command.run(verdict, approver, reason, override=override, key=key)


@app.command()
def sign(
    verdict: Verdict,
    approver: Approver,
    reason: Reason,
    *,
    override: Annotated[
        bool, typer.Option("--override", help="Sign for a candidate whose verdict is not promote or whose routes block.")
    ] = False,
    key: KeyFile = None,
) -> int:
    """Print the signature to paste into the form that approves a verdict; releases nothing."""
    from cli.commands import sign as command

    return command.run(verdict, approver, reason, override=override, key=key)


@app.command()
def decline(verdict: Verdict, approver: Approver, reason: Reason) -> int:
    """Close a verdict without releasing its candidate."""
    from cli.commands import decline as command

    return command.run(verdict, approver, reason)


@app.command()
def rollback(
    region: Region,
    approver: Approver,
    reason: Reason,
    to: Annotated[
        int | None, typer.Option(metavar="VERSION", help="Version to bring back; by default the one that ran before.")
    ] = None,
    key: KeyFile = None,
) -> int:
    """Bring an earlier version back into production."""
    from cli.commands import rollback as command

    return command.run(region, to, approver, reason, key)


app.add_typer(registry_app, name="registry", help="List, show or compare what production ran, or publish it again.")


@app.command()
def monitor(region: Region, now: Now = None) -> int:
    """Look at the experiment of a region, and conclude it or roll it back if that is due."""
    from cli.commands import monitor as command

    return command.run(region, now)


app.add_typer(experiment_app, name="experiment", help="Show, stop or conclude what is tried on the street.")


app.add_typer(simulator_app, name="simulator", help="Test a simulator of your own.")


@simulator_app.command("check")
def simulator_check(
    words: Annotated[
        list[str],
        typer.Argument(metavar="COMMAND", help='The simulator\'s command, e.g. hailsim or "python my.py".', show_default=False),
    ],
    city: Annotated[
        str | None, typer.Option(metavar="CITY", help="A city it knows; without one only the description is checked.")
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="Longest silence between two lines.", min=0.1)] = 30.0,
    *,
    json: Json = False,
) -> int:
    """Check every rule of the simulator contract, and say how to mend what fails."""
    from cli.commands import simulator_check as command

    return command.run(tuple(words), city, timeout, as_json=json)


@app.command()
def up(
    port: Annotated[int, typer.Option(metavar="PORT", help="Of the UI; the next two are taken as well.")] = DEFAULT_PORT,
    *,
    schedules: Annotated[bool, typer.Option("--schedules", help="Let scheduled campaigns begin by themselves.")] = False,
    ask: Annotated[
        str | None, typer.Option(metavar="VERDICT", help="Begin the run that asks for approval of a verdict's candidate.")
    ] = None,
) -> int:
    """Bring up server, UI, workers and dashboards on this machine."""
    from cli.commands import up as command

    return command.run(port, schedules=schedules, ask=ask)


@app.command("sign-in")
def sign_in() -> int:
    """Print a link that signs one browser in to the running `tunegate up`."""
    from cli.commands import sign_in as command

    return command.run()


@app.command()
def setup(
    pools: Annotated[Literal["kubernetes", "process"], typer.Option(help="How runs are started.")] = "kubernetes",
    results: Annotated[str | None, typer.Option(metavar="gs://BUCKET/PREFIX", help="Keep results of runs there.")] = None,
) -> int:
    """Make blocks, work pools and automations on a Prefect server."""
    from cli.commands import setup as command

    return command.run(pools, results)


if __name__ == "__main__":
    sys.exit(main())
