"""`medsweep rate`: blind forms for people to judge a run's answers, and what they say."""

from pathlib import Path
from typing import Annotated

import typer

from medsweep.options import RunFolder

Csv = Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The CSV to write.")]
Count = Annotated[int | None, typer.Option("--n", min=1, help="Questions (default: all).")]
Seed = Annotated[int, typer.Option("--seed", help="Draws and shuffles; kept in the key.")]
Semicolon = Annotated[
    bool, typer.Option("--semicolon", help="Separate cells as Excel wants it in much of Europe.")
]


def pairs(
    run: RunFolder,
    output: Csv,
    against: Annotated[str, typer.Option("--against", help="`base`, or a trial.")] = "base",
    trial: Annotated[str, typer.Option("--trial", help="`best`, or a trial.")] = "best",
    n: Count = None,
    seed: Seed = 0,
    semicolon: Semicolon = False,
) -> None:
    """Write blind pairs of answers: which one would you rather give?"""
    from analysis.named import named_trial
    from analysis.ratings.forms import write_form
    from analysis.ratings.pairs import pairs_form
    from analysis.ratings.sources import source_of
    from analysis.runs import load_run

    loaded = load_run(run)
    chosen = named_trial(loaded, trial)
    first, second = (source_of(loaded, name, chosen) for name in (chosen.trial, against))
    form = pairs_form(first, second, n, seed)
    guide, key = write_form(form, run, output, semicolon)
    _tell(output, len(form.rows), guide, key)


def sheet(
    run: RunFolder,
    output: Csv,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            help="`best`, `base`, `reference` or a trial; may be repeated. Default: best and base.",
        ),
    ] = None,
    n: Count = None,
    seed: Seed = 0,
    semicolon: Semicolon = False,
) -> None:
    """Write a blind sheet: an answer a row, to be scored from 1 to 5."""
    from analysis.ratings.forms import write_form
    from analysis.ratings.sheets import sheet_form
    from analysis.ratings.sources import source_of, trial_among
    from analysis.runs import load_run

    loaded, names = load_run(run), list(dict.fromkeys(source or ["best", "base"]))
    chosen = trial_among(loaded, names)
    form = sheet_form([source_of(loaded, name, chosen) for name in names], n, seed)
    guide, key = write_form(form, run, output, semicolon)
    _tell(output, len(form.rows), guide, key)


def read(
    run: RunFolder,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Filled CSVs.")],
) -> None:
    """Read filled forms of all raters at once; write ratings/results.json and show it."""
    from analysis.ratings.results import write_results
    from analysis.report.ratings import form_tables
    from analysis.runs import load_run
    from medsweep.tables import terminal_table
    from medsweep.terminal import Terminal

    load_run(run)  # a folder that is no run is told as such
    console = Terminal()
    for form in write_results(run, files).values():
        for heading, table in form_tables(form):
            terminal_table(console, heading, table)
    console.print(f"Written to {run / 'ratings' / 'results.json'}; `medsweep report` shows it too.")


def _tell(output: Path, rows: int, guide: Path, key: Path) -> None:
    from medsweep.terminal import say

    say(f"{output}: {rows} rows. Give it to the raters with {guide}, a copy each.")
    say(f"{key}: which answer is whose. Keep it from the raters.")
    say("Educational use only, not medical advice.")
