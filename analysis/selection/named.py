"""The trial that a person means by `best`, an id or a label."""

from analysis.files import RunError
from analysis.runs import Run, TrialView
from analysis.selection import choose, why_none

BEST = "best"


def named_trial(run: Run, name: str = BEST) -> TrialView:
    """The chosen trial for `best`, else the one with that id or label.

    RunError where none can be chosen, or none has that name.
    """
    if name == BEST:
        choice = choose(run.trials, run.search)
        if choice is None:
            raise RunError(f"{run.folder}: {why_none(run.trials, run.search)}")
        return run.find(choice.trial)
    found = next((t for t in run.trials if name in (t.trial, t.label)), None)
    if found is None:
        known = ", ".join(t.trial for t in run.trials) or "none"
        raise RunError(f"{run.folder}: no trial {name!r}. Use {BEST} or one of: {known}.")
    return found
