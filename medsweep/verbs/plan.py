"""`medsweep plan`: what a sweep would do, without starting it."""

from typing import Annotated

import typer

from medsweep.options import Set, Smoke, Spec


def command(
    spec: Spec,
    set_: Set = None,
    smoke: Smoke = False,
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="Fetch the model and prepare the data first (minutes)."),
    ] = False,
) -> None:
    """Show the trial, the space, some configurations, and where they would run."""
    from rich.markup import escape

    from medsweep.plan_view import show
    from medsweep.terminal import Terminal
    from sweeps.planning.plan import make_plan
    from sweeps.reading.loading import load_spec

    console = Terminal()
    loaded = load_spec(spec, set_ or [], smoke)
    for warning in loaded.warnings:
        console.print(f"[yellow]Warning:[/] {escape(str(warning))}", soft_wrap=True)
    with loaded.locating():
        plan = make_plan(loaded.spec, prepare, console.print)
    show(console, plan)
