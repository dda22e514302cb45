"""From a finished search to its confirmation: what the terminal says between the two."""

from pathlib import Path
from typing import TYPE_CHECKING

from analysis.runs import UNFINISHED
from medsweep.view import SweepView
from sweeps.spec.confirm import ConfirmConfig

if TYPE_CHECKING:
    from sweeps.launch.kept_ray import KeptRay


def confirm_where_asked(
    folder: Path,
    view: SweepView,
    ray: "KeptRay",
    retry_failed: bool = False,
    accept_changes: bool = False,
) -> None:
    """Confirm the best of a search that is over, where its spec has a section `confirm`, or go on
    with a confirmation that was asked for later, on the Ray of the search; nothing where there is
    neither, or no trial that can be chosen."""
    from sweeps.confirmation.asked import Asked
    from sweeps.launch.on_ray import read_spec

    earlier = Asked.read(folder)
    config = read_spec(folder).confirm or (earlier.config if earlier else None)
    if config is not None:
        _confirm(folder, config, view, retry_failed, accept_changes, ray)


def confirm(
    folder: Path,
    config: ConfirmConfig,
    view: SweepView,
    retry_failed: bool = False,
    accept_changes: bool = False,
) -> None:
    """Train the best trials of a run again with other seeds. RunError where the search is not over,
    or none can be chosen."""
    from analysis.files import RunError
    from analysis.runs import load_run
    from analysis.selection import why_none

    run = load_run(folder)
    # a grid may be over before its number of trials
    short = len(run.trials) < run.search.trainings and run.search.sampler != "grid"
    if short or any(trial.state == UNFINISHED for trial in run.trials):
        raise RunError(
            f"{folder}: its search is not over. Finish it first: medsweep resume {folder}"
        )
    if not _confirm(folder, config, view, retry_failed, accept_changes):
        raise RunError(f"{folder}: nothing to confirm. {why_none(run.trials, run.search)}")


def _confirm(
    folder: Path,
    config: ConfirmConfig,
    view: SweepView,
    retry_failed: bool,
    accept_changes: bool,
    ray: "KeptRay | None" = None,
) -> bool:
    """False where no trial can be chosen."""
    from analysis.runs import load_run
    from analysis.selection import choose, criteria
    from analysis.wording import plural
    from sweeps.launch.confirm_run import confirm_run

    run = load_run(folder)
    choice = choose(run.trials, run.search)
    if choice is None:
        return False
    best = [row["trial"] for row in choice.numbers if row["rank"] is not None]
    sought = criteria(run.search)
    criterion = (sought[0].metric, sought[0].mode) if len(sought) == 1 else None
    done = confirm_run(
        folder, config, best, criterion, view.watch, view.say, retry_failed, accept_changes, ray
    )
    if done.course.clear:
        view.say(f"The race was decided after {plural(done.done, 'run')} with new seeds.")
    elif len(done.course.dropped) == len(done.asked.names) - 1 > 0:
        view.say(f"After {plural(done.done, 'run')} with new seeds one trial is left in the race.")
    return True


def confirmation_told(folder: Path) -> str:
    """Where a run's confirmation stands, in a sentence; "" where there is none."""
    from analysis.wording import plural
    from sweeps.confirmation.asked import Asked
    from sweeps.confirmation.judging import judge
    from sweeps.confirmation.results import results_of
    from sweeps.run_folder.ledger import Ledger

    asked = Asked.read(folder)
    if asked is None:
        return ""
    found = results_of(Ledger(folder), asked)
    left = len(found.course(asked, judge).due)
    more = f", {left} left of this round" if left else ", over"
    return f"Confirmation: {plural(len(found.values), 'run')} with new seeds ended{more}."
