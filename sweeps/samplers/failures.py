"""Which ends of trials teach a sampler that their configuration is bad, and how Optuna is told."""

from typing import Any, Literal

# `failed`: of the configuration's own making (it diverged, or is no legal trial); `lost`: of
# another cause (a dead worker, a user's reward function), which says nothing about it
Outcome = Literal["complete", "stopped", "failed", "infeasible", "lost"]
CONSTRAINT = "trained"  # above 0 where a trial could not be trained


def outcome(record: dict[str, Any]) -> Outcome:
    """What a trial's record says of its configuration. One of an earlier version does not say
    whether a failed trial diverged: it counts as lost."""
    state: Outcome = record["state"]
    return "lost" if state == "failed" and not record.get("diverged") else state


def tell_bad(study: Any, trial: Any) -> None:
    """Tell an Optuna study that its trial could not be trained: pruned, a constraint broken.

    No value is made up: a huge one would ruin a Gaussian process, and a failure has none.
    """
    import optuna

    trial.set_constraint(CONSTRAINT, 1.0)
    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
