"""`medsweep rows`: rows as the model sees them."""

from enum import StrEnum
from typing import Annotated

import typer

from medsweep.options import Set, Smoke, Spec


class Split(StrEnum):
    """The splits that can be looked at; test rows are sealed."""

    TRAIN = "train"
    VALIDATION = "validation"


SEALED = "test rows are sealed: nothing shows them (medsweep best RUN --test measures them)"


def _looked_at(name: str) -> Split:
    """The split of this name. Raises typer.BadParameter."""
    if name == "test":
        raise typer.BadParameter(SEALED)
    try:
        return Split(name)
    except ValueError as error:
        raise typer.BadParameter(f"{name!r} is neither train nor validation") from error


def command(
    spec: Spec,
    set_: Set = None,
    smoke: Smoke = False,
    number: Annotated[
        int, typer.Option("-n", "--number", help="So many rows, the first ones.", min=1)
    ] = 3,
    split: Annotated[
        Split, typer.Option("--split", parser=_looked_at, help="Of train, or of validation.")
    ] = Split.TRAIN,
    row: Annotated[
        list[str] | None,
        typer.Option("--row", metavar="ID", help="This row, of either split. May be repeated."),
    ] = None,
    dropped: Annotated[
        bool, typer.Option("--dropped", help="Rows that cleaning dropped, the first of each step.")
    ] = False,
) -> None:
    """Show rows as the model sees them: the chat format, control tokens, what is cut and learnt."""
    from medsweep.rows_view import show_lost, show_rows
    from medsweep.terminal import Terminal
    from search_spaces.space import build_space
    from sweeps.planning.lost_rows import lost_rows, refuse_pairs
    from sweeps.planning.seen_rows import seen_rows
    from sweeps.quiet import quiet_warnings
    from sweeps.readiness.preparation import Preparation
    from sweeps.readiness.template_date import with_template_date
    from sweeps.reading.loading import load_spec

    quiet_warnings()
    progress = Terminal(stderr=True, soft_wrap=True, markup=False)
    loaded = load_spec(spec, set_ or [], smoke)
    screen = Terminal()
    if dropped:
        with loaded.locating():
            refuse_pairs(loaded.spec.trial)
            show_lost(screen, list(lost_rows(loaded.spec.trial)), number)
        return
    preparation = Preparation(progress.print, lambda key, report: None)
    with loaded.locating():
        space = build_space(loaded.spec.search.parameters)
        dated = with_template_date(loaded.spec, space, preparation)
        found = seen_rows(dated, preparation, number, split.value, row or ())
    show_rows(screen, found)
