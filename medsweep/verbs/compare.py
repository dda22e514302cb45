"""`medsweep compare`: two trials, runs or evaluations on the rows that both were judged on."""

from pathlib import Path
from typing import Annotated

import typer

SIDE = "Results of evaluate (FILE.json), a run, a trial (runs/NAME/EXP-003) or runs/NAME/base."


def command(
    first: Annotated[Path, typer.Argument(metavar="A", help=SIDE)],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same; differences are B - A.")],
) -> None:
    """Compare two trials, runs or results of evaluate, paired row by row: is one the better?"""
    from analysis.comparing.sides import side_of, told_apart
    from analysis.report.two_sides import two_sides
    from medsweep.tables import print_passage
    from medsweep.terminal import Terminal

    sides = told_apart(side_of(first), side_of(second), (first, second))
    print_passage(Terminal(), two_sides(*sides))
