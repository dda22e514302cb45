"""The entry point: verbs by name, whose files are private, and exit codes (0 done, 1 no trial
succeeded, 2 bad input, 130 interrupted)."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, ParamSpec

import typer

from medsweep.verbs import (
    best,
    chat,
    compare,
    confirm,
    doctor,
    effects,
    evaluate,
    init,
    plan,
    presets,
    rate,
    report,
    resume,
    rows,
    run,
    schema,
    status,
    trial,
)

P = ParamSpec("P")

app = typer.Typer(
    name="medsweep",
    help="Sweeps for fine-tuning medical language models. Start with `medsweep presets`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def _private(
    context: typer.Context,
    shared: Annotated[
        bool,
        typer.Option(
            "--shared",
            envvar="MEDSWEEP_SHARED",
            help="Leave it to the umask who may read the files written (default: you alone).",
        ),
    ] = False,
) -> None:
    from cluster.private_process import close_to_others
    from trainables.cache import make_private

    before = close_to_others()
    context.call_on_close(lambda: os.umask(before))
    # the cache holds rows and answers of whatever was trained on: never shared
    make_private(create=shared)
    if shared:
        os.umask(before)


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_app(sys.argv[1:]))


def run_app(arguments: list[str]) -> int:
    """Run one command: its exit code."""
    try:
        app(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def _exits(command: Callable[P, int | None]) -> Callable[P, None]:
    """The command as Typer runs it: what it returns is the exit code, and errors of the person's
    making become a message and a code."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except typer.TyperException:
            raise
        except Exception as error:
            from medsweep.failures import explain

            code = explain(error)
        raise typer.Exit(code or 0)

    return run


for verb in (
    presets,
    init,
    plan,
    rows,
    run,
    resume,
    status,
    trial,
    confirm,
    report,
    best,
    effects,
    compare,
    chat,
    evaluate,
    doctor,
    schema,
):
    app.command(verb.__name__.rsplit(".", 1)[-1])(_exits(verb.command))

rating = typer.Typer(help="Blind forms for people to judge answers, and what they say.")
for command in (rate.pairs, rate.sheet, rate.read):
    rating.command()(_exits(command))
app.add_typer(rating, name="rate", no_args_is_help=True)
