"""The trial that a person means by `best`, an id or a label."""

from analysis.decision import decision_of
from analysis.files import RunError
from analysis.runs import Run, TrialView

BEST = "best"


def named_trial(run: Run, name: str = BEST) -> TrialView:
    """The chosen trial for `best`, else the one with that id or label, or the run with a new seed
    (EXP-007/seeds/2).

    RunError where none can be chosen, or none has that name.
    """
    if name == BEST:
        decision = decision_of(run)
        if decision.best is None:
            raise RunError(f"{run.folder}: {decision.why_none}")
        return decision.best
    views = (view for trial in run.trials for view in (trial, *trial.fresh))
    found = next((t for t in views if name in (t.trial, t.label)), None)
    if found is None:
        known = ", ".join(t.trial for t in run.trials) or "none"
        raise RunError(f"{run.folder}: no trial {name!r}. Use {BEST} or one of: {known}.")
    return found
