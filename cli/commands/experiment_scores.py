"""`tunegate experiment scores`: what releases were predicted to bring, and what the street saw of them."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from cli.exit_codes import EXIT_OK
from cli.terminal import TABLE_COLUMNS, print_line
from tunegate.application.score_card import score_card
from tunegate.domain.plain_json import plain
from tunegate.experiment.score_card import slope_of, slope_words
from tunegate.installation import Installation
from tunegate.report import formats


def run(region: str | None, *, as_json: bool) -> int:
    """Print the score card of a region, or of all of them, oldest release first."""
    installation = Installation.from_environment(create=False)
    scores = score_card(installation, installation.registry.regions() if region is None else (region,))
    slope = slope_of(scores)
    if as_json:
        print_line(json.dumps({"scores": [plain(score) for score in scores], "slope": plain(slope)}))
        return EXIT_OK
    table = Table("experiment", "ended (UTC)", "end", "predicted", "realised", "interval", box=None)
    for score in scores:
        predicted, realised = score.predicted.estimate_pct, score.realised.estimate_pct
        cells = (formats.change(predicted), formats.change(realised), formats.span(score.realised))
        table.add_row(score.experiment, f"{score.ended_at:%Y-%m-%d %H:%M}", score.end, *cells)
    if scores:
        Console(width=TABLE_COLUMNS).print(table)
    print_line(slope_words(slope, len(scores)))
    return EXIT_OK
