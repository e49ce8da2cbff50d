"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Config = Annotated[
    str, typer.Argument(metavar="CONFIG", help="A region's YAML file, e.g. configs/regions/manhattan.yaml.", show_default=False)
]
Overrides = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", default_factory=list, show_default=False, help="Override a key; repeatable."),
]
Region = Annotated[str, typer.Argument(metavar="REGION", help="Name of a region, as its file has it.", show_default=False)]
Verdict = Annotated[
    str, typer.Argument(metavar="VERDICT", help="Id of a verdict, or at least its first six digits.", show_default=False)
]
Approver = Annotated[str, typer.Option(metavar="NAME", help="Who decides; the registry keeps it.", show_default=False)]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; the registry keeps it.", show_default=False)]
Now = Annotated[
    str | None,
    typer.Option(metavar="INSTANT", help="Act as if it were then: for a street that is simulated faster than time."),
]
KeyFile = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="FILE",
        help="Private SSH key; by default ~/.ssh/id_ed25519, or the agent.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value for programs.")]
