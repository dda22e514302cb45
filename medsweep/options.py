"""Arguments and options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A spec file, or a preset's name.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, e.g. runs/demo.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override a field, e.g. trial.training.learning_rate=1e-4. May be repeated.",
    ),
]
Smoke = Annotated[
    bool,
    typer.Option("--smoke", help="Apply the spec's `smoke` section: the same sweep, made small."),
]
Output = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="Where run folders are written.")
]
RunName = Annotated[
    str | None, typer.Option("--name", help="The run's name (default: the spec's own).")
]
Yes = Annotated[
    bool,
    typer.Option("--yes", help="Go on, however many rows filters took or how few are left."),
]
AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes",
        help="Go on although data, a model or medsweep changed since the run began.",
    ),
]
