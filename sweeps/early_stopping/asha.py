"""Asynchronous successive halving, stopping variant (Li et al. 2020, arXiv:1810.05934)."""

import math

from sweeps.early_stopping.rung_values import RungValues
from sweeps.spec.sections import EarlyStopping


def stops(rule: EarlyStopping, values: RungValues, trial: str, rung: float, own: float) -> bool:
    """Whether `own` (lower is better) is not among the best 1/reduction_factor so far at the rung,
    nor within the floor of the last of them.

    The first trial at a rung always goes on.
    """
    others = values.others(trial, rung)
    better = sum(own - v > values.floor for v in others)
    return better >= math.ceil((len(others) + 1) / rule.reduction_factor)
