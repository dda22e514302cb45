"""`medsweep rows`: rows as the model sees them."""

from enum import StrEnum
from typing import Annotated

import typer

from medsweep.options import Set, Smoke, Spec


class Split(StrEnum):
    """The splits that can be looked at; test rows are sealed."""

    TRAIN = "train"
    VALIDATION = "validation"


def command(
    spec: Spec,
    set_: Set = None,
    smoke: Smoke = False,
    number: Annotated[
        int, typer.Option("-n", "--number", help="So many rows, the first ones.", min=1)
    ] = 3,
    split: Annotated[Split, typer.Option("--split", help="Of which split.")] = Split.TRAIN,
    row: Annotated[
        list[str] | None,
        typer.Option("--row", metavar="ID", help="This row, of either split. May be repeated."),
    ] = None,
) -> None:
    """Show rows as the model sees them: the chat format, control tokens, what is cut and learnt."""
    from rich.console import Console

    from medsweep.rows_view import show_rows
    from search_spaces.space import build_space
    from sweeps.planning.seen_rows import seen_rows
    from sweeps.quiet import quiet_warnings
    from sweeps.readiness.preparation import Preparation
    from sweeps.readiness.template_date import with_template_date
    from sweeps.reading.loading import load_spec

    quiet_warnings()
    progress = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True, markup=False)
    loaded = load_spec(spec, set_ or [], smoke)
    preparation = Preparation(progress.print, lambda key, report: None)
    with loaded.locating():
        space = build_space(loaded.spec.search.parameters)
        dated = with_template_date(loaded.spec, space, preparation)
        found = seen_rows(dated, preparation, number, split.value, row or ())
    show_rows(Console(highlight=False, emoji=False), found)
