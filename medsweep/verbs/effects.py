"""`medsweep effects`: which parameter made the difference, in a run or a table of experiments."""

from pathlib import Path
from typing import Annotated

import typer


def command(
    source: Annotated[
        Path, typer.Argument(metavar="RUN|CSV", help="A run folder, or a CSV of experiments.")
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="NAME",
            help="Of a CSV: what decides, NAME or NAME:min, NAME:max; may be repeated.",
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", metavar="COLUMN", help="Of a CSV: a column that was a setting."
        ),
    ] = None,
) -> int:
    """Show what each parameter changed, how sure that is, and what cannot be told apart."""
    from analysis.effects.csv_tables import read_table
    from analysis.runs import load_run
    from medsweep.tables import print_effects
    from medsweep.terminal import Terminal

    if source.is_dir() and (metric or parameter):
        raise typer.BadParameter("--metric and --parameter are for a CSV; a run knows its own")
    run = (
        load_run(source)
        if not source.is_file()
        else read_table(source, metric or (), parameter or ())
    )
    console = Terminal()
    return print_effects(console, run)
