"""What a design can see: the smallest difference that it detects with 80% power, and how many more
seeds, or rows, would settle a given one.

The variance of a difference is a seeds' part that shrinks with the number of seeds and a rows' part
that shrinks with that of rows (`crossed.py`). More of one kind never takes the other away. Power is
that of the two-sided t test, by the noncentral t distribution (Cohen 1988, Statistical Power
Analysis, 2nd ed., 2). Standard errors are estimates themselves: so are these numbers.
"""

import math
from collections.abc import Callable

from analysis.statistics.crossed import Difference
from analysis.statistics.several import sd_points

POWER = 0.8
MOST = 1_000_000  # seeds or rows; more is never


def power(difference: float, se: float, df: float, level: float = 0.95) -> float:
    """The probability that a true difference is told from 0, 0..1.

    >>> round(power(2.8, 1.0, 1e6), 2)
    0.8
    """
    from scipy.special import ndtr, stdtrit

    shift = abs(difference) / se
    # the noncentral t distribution as a mean over the estimated sd; scipy's nct gives NaN far out
    critical = float(stdtrit(df, (1 + level) / 2)) * sd_points(df, 4000)
    return float((ndtr(shift - critical) + ndtr(-shift - critical)).mean())


def smallest_detectable(found: Difference, wanted: float = POWER) -> float | None:
    """The smallest true difference that a design like this one detects with this power, in the
    metric's units; None where nothing was seen to vary."""
    if not found.se or not found.df:
        return None
    return found.se * _multiple(found.df, found.level, wanted)


def more_seeds(found: Difference, true: float | None = None, wanted: float = POWER) -> int | None:
    """How many more seeds of both would tell this difference (the estimate where None is named)
    from 0 with this power; 0: these do. None: no number would, as the rows' part stays, or where
    the seeds' part is not known."""
    if found.se_seeds is None or found.df_seeds is None:
        return None
    have, per_seed = found.n_seeds, found.df_seeds / found.n_seeds

    def enough(seeds: int) -> bool:
        part = found.se_seeds**2 * have / seeds if found.se_seeds else 0.0
        return _tells(found, true, wanted, part, per_seed * seeds, _rows(found), _df_rows(found))

    return _more(enough, have)


def more_rows(found: Difference, true: float | None = None, wanted: float = POWER) -> int | None:
    """How many more rows would, as `more_seeds`; rows that belong together as they do now."""
    if found.se_rows is None or not found.n_rows:
        return None
    have, per_row = found.n_rows, _df_rows(found) / found.n_rows

    def enough(rows: int) -> bool:
        part = _rows(found) * have / rows
        seeds = (found.se_seeds or 0.0) ** 2
        return _tells(found, true, wanted, seeds, found.df_seeds or 1.0, part, per_row * rows)

    return _more(enough, have)


def _rows(found: Difference) -> float:
    return (found.se_rows or 0.0) ** 2


def _df_rows(found: Difference) -> float:
    return max((found.n_groups or 2) - 1.0, 1.0)


def _tells(
    found: Difference,
    true: float | None,
    wanted: float,
    seeds: float,
    df_seeds: float,
    rows: float,
    df_rows: float,
) -> bool:
    """Whether a design with these parts of the variance has the power."""
    variance = seeds + rows
    size = abs(found.estimate if true is None else true)
    if variance <= 0 or size == 0:
        return False
    df = variance**2 / (seeds**2 / df_seeds + rows**2 / df_rows)
    return power(size, math.sqrt(variance), df, found.level) >= wanted


def _more(enough: Callable[[int], bool], have: int) -> int | None:
    """The least number beyond `have` that is enough."""
    if enough(have):
        return 0
    if not enough(MOST):
        return None
    low, high = have, MOST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high - have


def _multiple(df: float, level: float, wanted: float) -> float:
    """The smallest detectable difference in standard errors."""
    from scipy.optimize import brentq

    most = 1e3
    while power(most, 1.0, df, level) < wanted:  # few degrees of freedom
        most *= 10
    return float(brentq(lambda x: power(x, 1.0, df, level) - wanted, 0.0, most))
