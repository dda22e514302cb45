"""Intervals of ratings. The unit is the question: ratings of one answer by several people are not
independent of each other, questions are."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 10_000
Interval = tuple[float, float]


def bootstrap_interval(
    values: Sequence[Sequence[float]],
    statistic: "Callable[[NDArray[np.float64]], NDArray[np.float64]]",
    seed: int = 0,
) -> Interval | None:
    """The 95% percentile bootstrap interval over questions (Efron 1979,
    doi:10.1214/aos/1176344552); None for fewer than two.

    `values` is (questions, k); `statistic` maps sums over a resample, (resamples, k), to
    (resamples,). The same seed gives the same interval.
    """
    import numpy as np

    table = np.asarray(values, np.float64)
    n = len(table)
    if n < 2:
        return None
    # how often each question is drawn, a row a resample: its product with the table is the sums
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    low, high = np.percentile(statistic(drawn @ table), (2.5, 97.5))
    return float(low), float(high)


def ratio_interval(parts: Sequence[tuple[float, float]], seed: int = 0) -> Interval | None:
    """The interval of Σ first / Σ second over questions, such as points over ratings."""
    return bootstrap_interval(parts, lambda sums: sums[:, 0] / sums[:, 1], seed)


def mean_interval(values: Sequence[float], seed: int = 0) -> Interval | None:
    """The interval of the mean over questions."""
    return ratio_interval([(value, 1.0) for value in values], seed)


def sign_test(wins: int, losses: int) -> float | None:
    """Two-sided p of the sign test: were it a coin, how often would it fall as unevenly or more?
    (Conover 1999, Practical Nonparametric Statistics, 3.4.) None where nothing was decided."""
    from scipy.stats import binomtest

    decided = wins + losses
    return float(binomtest(wins, decided).pvalue) if decided else None
