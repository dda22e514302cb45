"""Importance: the share of a metric's variation that each parameter explains by itself, as a random
forest over the trials sees it (fANOVA, Hutter et al. 2014, by Optuna's evaluator), with intervals.

Why fANOVA and not PED-ANOVA, Optuna's default: with 8 to 30 trials PED-ANOVA, which looks at what
the best few have in common, names the parameter that matters most in 24 to 71% of made-up sweeps,
fANOVA in 53 to 100% (`benchmarks/effects.py`). Intervals are percentiles over trials drawn again.
Shares add up to 1 whatever the data: of parameters that do nothing one always seems to matter, so a
share alone is no finding. `main_effects` tests.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from analysis.effects.factors import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 12  # configurations: with fewer, fANOVA too often names another parameter
MOST = 100  # of more, so many are drawn: forests take their time
DRAWS, TREES, TREES_DRAWN = 60, 64, 12
SURE = 0.95  # the share of draws in which a parameter is first, to be called so
Column = tuple[tuple[float, ...], bool]  # values, and whether they are numbers of choices


@dataclass(frozen=True)
class Share:
    """A parameter's share (of parameters changed together: theirs), and its 95% interval."""

    parameters: tuple[str, ...]
    value: float
    low: float
    high: float
    first: float  # the share of draws in which it is the largest


def importance(units: Sequence[tuple[Factor, ...]], values: Sequence[float]) -> list[Share]:
    """The units' shares, the largest first; none with fewer than 12 configurations, two units or
    two different values."""
    if len(values) < LEAST or len(units) < 2 or len(set(values)) < 2:
        return []
    owners, columns = _columns(units)
    whole, drawn = _shares(columns, tuple(values))
    return _told(units, _sums(whole, owners), [_sums(d, owners) for d in drawn])


def _told(
    units: Sequence[tuple[Factor, ...]], whole: list[float], drawn: list[list[float]]
) -> list[Share]:
    import numpy as np

    table = np.array(drawn)
    low, high = np.percentile(table, [2.5, 97.5], axis=0)
    first = np.bincount(table.argmax(axis=1), minlength=len(units)) / len(table)
    shares = [
        Share(
            tuple(f.path for f in unit),
            whole[i],
            float(min(low[i], whole[i])),
            float(max(high[i], whole[i])),
            float(first[i]),
        )
        for i, unit in enumerate(units)
    ]
    return sorted(shares, key=lambda s: -s.value)


def _columns(units: Sequence[tuple[Factor, ...]]) -> tuple[list[int], tuple[Column, ...]]:
    """What the forest sees, and which unit each column belongs to."""
    owners: list[int] = []
    columns: list[Column] = []
    for index, unit in enumerate(units):
        for factor in unit:
            found = _seen(factor)
            owners += [index] * len(found)
            columns += found
    return owners, tuple(columns)


def _seen(factor: Factor) -> list[Column]:
    if factor.kind == "number":
        return [(tuple(factor.columns[:, 0]), False)]
    if factor.kind == "weights":
        return [(tuple(column), False) for column in factor.columns.T]
    levels = list(dict.fromkeys(factor.levels))
    return [(tuple(float(levels.index(level)) for level in factor.levels), True)]


def _sums(shares: Sequence[float], owners: Sequence[int]) -> list[float]:
    return [
        sum(s for s, owner in zip(shares, owners, strict=True) if owner == unit)
        for unit in range(max(owners) + 1)
    ]


@lru_cache(maxsize=32)
def _shares(
    columns: tuple[Column, ...], values: tuple[float, ...]
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """The shares of the columns, and those of each draw. best.json and the report ask the same."""
    import numpy as np

    random = np.random.default_rng(0)
    count = len(values)
    rows = np.arange(count) if count <= MOST else random.choice(count, MOST, replace=False)
    whole = _forest(columns, values, rows, TREES)
    drawn: list[tuple[float, ...]] = []
    for _ in range(DRAWS if len(rows) < MOST else DRAWS // 2):
        again = random.choice(rows, len(rows))
        drawn.append(_forest(columns, values, again, TREES_DRAWN) or whole)
    return whole, tuple(drawn)


def _forest(
    columns: tuple[Column, ...], values: tuple[float, ...], rows: "NDArray[Any]", trees: int
) -> tuple[float, ...]:
    """fANOVA's shares over `rows`; () where their values are all the same."""
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    chosen = [values[i] for i in rows]
    if len(set(chosen)) < 2:
        return ()
    spaces = {str(i): _space(column) for i, column in enumerate(columns)}
    trials = [
        optuna.trial.create_trial(
            value=values[row],
            params={str(i): _value(column, row) for i, column in enumerate(columns)},
            distributions=spaces,
        )
        for row in rows
    ]
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            study = optuna.create_study()
            study.add_trials(trials)
            evaluator = FanovaImportanceEvaluator(n_trees=trees, seed=0)
            found = get_param_importances(study, evaluator=evaluator, params=list(spaces))
    finally:
        optuna.logging.set_verbosity(verbosity)
    return tuple(float(found[name]) for name in spaces)


def _value(column: Column, row: int) -> float | int:
    values, choices = column
    return int(values[row]) if choices else float(values[row])


def _space(column: Column) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    values, choices = column
    if choices:
        return CategoricalDistribution(tuple(range(int(max(values)) + 1)))
    return FloatDistribution(min(values), max(values))
