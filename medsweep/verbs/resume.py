"""`medsweep resume`: go on with a run; also to extend it, or run failed trials again."""

from typing import Annotated

import typer

from medsweep.options import AcceptChanges, RunFolder, Yes


def command(
    run: RunFolder,
    num_trials: Annotated[
        int | None,
        typer.Option(
            help="Extend the sweep to so many trials in all (with search.seeds: configurations).",
            min=1,
        ),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run failed and infeasible trials again.")
    ] = False,
    disk_gb: Annotated[
        float | None, typer.Option("--disk-gb", help="Let the run folder take so much.", min=1e-3)
    ] = None,
    accept_changes: AcceptChanges = False,
    yes: Yes = False,
) -> int:
    """Go on with an interrupted or finished run; nothing finished is run again."""
    from medsweep.asking import asking
    from medsweep.conduct import conduct, screen
    from medsweep.confirming import confirm_where_asked
    from sweeps.launch.kept_ray import KeptRay
    from sweeps.launch.on_ray import read_spec, resume_run

    with screen(read_spec(run), run) as view:

        def search_and_confirm() -> None:
            with KeptRay() as ray:
                resume_run(
                    run,
                    view.watch,
                    view.say,
                    num_trials,
                    retry_failed,
                    disk_gb,
                    accept_changes,
                    asking(view, yes),
                    ray,
                )
                confirm_where_asked(run, view, ray, retry_failed, accept_changes)

        return conduct(run, view, search_and_confirm)
