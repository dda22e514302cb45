"""`medsweep confirm`: train a run's best trials again with other seeds."""

from typing import Annotated

import typer

from medsweep.options import AcceptChanges, RunFolder


def command(
    run: RunFolder,
    top: Annotated[
        int | None, typer.Option(help="How many of the best trials (default: 5).", min=1, max=100)
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="How many new seeds each gets in all (default: 3); more than before goes on.",
            min=1,
            max=100,
        ),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="seed|split",
            help="split: each new seed also draws other validation rows (default: seed).",
        ),
    ] = None,
    baselines: Annotated[
        bool | None, typer.Option(help="Train the spec's baselines again too (default: yes).")
    ] = None,
    stop_when_clear: Annotated[
        bool | None,
        typer.Option(help="End once one trial has won (default: yes). No: all seeds for all."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run failed and infeasible runs again.")
    ] = False,
    accept_changes: AcceptChanges = False,
) -> int:
    """Train the best trials of a finished run again with new seeds: is the winner the best?"""
    from medsweep.conduct import conduct, screen
    from medsweep.confirming import confirm
    from sweeps.confirmation.asked import Asked
    from sweeps.launch.on_ray import read_spec
    from sweeps.spec.confirm import ConfirmConfig

    if vary not in (None, "seed", "split"):
        raise typer.BadParameter(f"{vary!r} is neither seed nor split")
    spec = read_spec(run)
    earlier = Asked.read(run)
    given = {
        "top": top,
        "seeds": seeds,
        "vary": {"seed": ("seed",), "split": ("seed", "split")}.get(vary or ""),
        "baselines": baselines,
        "stop_when_clear": stop_when_clear,
    }
    before = (earlier.config if earlier else spec.confirm) or ConfirmConfig()
    config = before.model_copy(update={n: v for n, v in given.items() if v is not None})
    with screen(spec, run) as view:
        return conduct(run, view, lambda: confirm(run, config, view, retry_failed, accept_changes))
