"""The entry point: verbs by name, and exit codes (0 done, 1 no trial succeeded, 2 bad input,
130 interrupted)."""

import sys
from typing import Any

import click
import typer

from medsweep.verbs import (
    best,
    doctor,
    init,
    plan,
    presets,
    report,
    resume,
    run,
    schema,
    status,
    trial,
)

app = typer.Typer(
    name="medsweep",
    help="Sweeps for fine-tuning medical language models. Start with `medsweep presets`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
for verb in (presets, init, plan, run, resume, status, trial, report, best, doctor, schema):
    app.command(verb.__name__.rsplit(".", 1)[-1])(verb.command)


def main() -> None:
    """Run the command line and exit with its code."""
    sys.exit(run_app(sys.argv[1:]))


def run_app(arguments: list[str]) -> int:
    """Run one command; errors of the person's making become a message and a code."""
    try:
        code: Any = app(arguments, standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from medsweep.failures import explain

        return explain(error)
    return code if isinstance(code, int) else 0
