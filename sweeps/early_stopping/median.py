"""The median stopping rule (Golovin et al. 2017, Vizier), at equal progress."""

from statistics import median

from sweeps.early_stopping.rung_values import RungValues
from sweeps.spec.sections import EarlyStopping


def stops(rule: EarlyStopping, values: RungValues, trial: str, rung: float, own: float) -> bool:
    """Whether `own` (lower is better) is worse than the median of the others at the rung,
    by more than the floor."""
    others = values.others(trial, rung)
    return len(others) >= rule.min_trials and own - median(others) > values.floor
