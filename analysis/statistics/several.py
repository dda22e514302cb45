"""Several comparisons at once: the more there are, the more of them look like something by chance.

Every result keeps the number of comparisons that it was corrected for.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Literal

from analysis.statistics.crossed import Difference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 32  # of the shared part
SD_POINTS = 200  # of the estimated sd: three digits of p


@dataclass(frozen=True)
class Corrected:
    """One of several comparisons, with the error rate of all together."""

    p: float | None  # None: there was nothing to test
    interval: tuple[float, float] | None  # holds together with the others'; Holm has none
    n_comparisons: int
    method: Literal["holm", "dunnett", "bonferroni"]


def holm(ps: Sequence[float | None]) -> list[Corrected]:
    """Holm's step-down correction (1979, Scandinavian Journal of Statistics 6:65-70): among any
    comparisons, however they depend on each other. Those without a p do not count.

    >>> [round(c.p, 3) for c in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted((p, i) for i, p in enumerate(ps) if p is not None)
    corrected: dict[int, float] = {}
    least = 0.0
    for rank, (p, i) in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p))
        corrected[i] = least
    return [Corrected(corrected.get(i), None, len(order), "holm") for i in range(len(ps))]


def bonferroni(
    differences: Sequence[Difference | None], level: float = 0.95
) -> Iterator[Corrected]:
    """Intervals that hold for any differences together, however they depend on each other, and the
    p that go with them. Those without a standard error have none, and do not count.

    >>> from analysis.statistics.crossed import difference
    >>> one = difference([1.0, 1.1, 1.2], [2.0, 2.2, 2.1])
    >>> alone, of_two = next(bonferroni([one])), next(bonferroni([one, one]))
    >>> round(of_two.p / alone.p, 6), of_two.interval[0] < alone.interval[0] == one.interval[0]
    (2.0, True)
    """
    from scipy.stats import t

    count = sum(d is not None and bool(d.se) for d in differences)
    for d in differences:
        if d is None or not d.se or not d.df or d.p is None:
            yield Corrected(None, None, count, "bonferroni")
            continue
        half = float(t.ppf(1 - (1 - level) / 2 / count, d.df)) * d.se
        interval = (d.estimate - half, d.estimate + half)
        yield Corrected(min(1.0, count * d.p), interval, count, "bonferroni")


def dunnett(differences: Sequence[Difference | None], correlation: float = 0.5) -> list[Corrected]:
    """Dunnett's test (1955, doi:10.1080/01621459.1955.10501294) of candidates against one baseline:
    two-sided p and intervals that hold for all of them together. Each difference has its own
    standard error and degrees of freedom. `correlation`, 0..1, is that of two of them, through the
    baseline that they share: 0.5 where all are as unsure as the baseline.

    scipy.stats.dunnett does this for independent samples of whole runs; here seeds and rows are
    paired, so that the standard errors are those of `difference`.
    """
    kept = [d for d in differences if d is not None and d.se and d.df]
    told = []
    for d in differences:
        if d is None or not d.se or not d.df:
            told.append(Corrected(None, None, len(kept), "dunnett"))
            continue
        p = 1 - _within(abs(d.estimate) / d.se, d.df, len(kept), correlation)
        df = round(d.df, 2 if d.df < 5 else 1)  # moves no interval by more than a hundredth
        half = d.se * _critical(d.level, df, len(kept), correlation)
        interval = (d.estimate - half, d.estimate + half)
        told.append(Corrected(min(max(p, 0.0), 1.0), interval, len(kept), "dunnett"))
    return told


def _within(t: float, df: float, count: int, correlation: float) -> float:
    """P(all |T_i| <= t) of `count` equally correlated t variables: given the shared part z and the
    estimated sd s they are independent normals, integrated over both."""
    import numpy as np
    from scipy.special import ndtr

    z, of_z = _normal_points()
    s = sd_points(df, SD_POINTS)
    shared, own = math.sqrt(correlation) * z[:, None], math.sqrt(1 - correlation)
    inside = ndtr((t * s + shared) / own) - ndtr((shared - t * s) / own)  # (z, s)
    return float(np.sum(of_z * (inside**count).mean(axis=1)))


@lru_cache(maxsize=4096)
def _critical(level: float, df: float, count: int, correlation: float) -> float:
    """The t that all |T_i| stay below with this probability."""
    from scipy.optimize import brentq
    from scipy.special import stdtrit

    least = float(stdtrit(df, (1 + level) / 2))  # of one comparison
    most = 1.01 * float(stdtrit(df, 1 - (1 - level) / (2 * count)))  # Bonferroni's
    at = partial(_within, df=df, count=count, correlation=correlation)
    return float(brentq(lambda t: at(t) - level, 0.99 * least, most, xtol=1e-4))


@lru_cache(maxsize=1)
def _normal_points() -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Points and weights for the mean of a function of a normal variable (Gauss-Hermite)."""
    import numpy as np

    points, weights = np.polynomial.hermite_e.hermegauss(POINTS)
    return points, weights / weights.sum()


@lru_cache(maxsize=256)
def sd_points(df: float, count: int) -> "NDArray[np.float64]":
    """Equally likely values of an estimated sd over the true one, sqrt(chi-squared / df)."""
    import numpy as np
    from scipy.special import chdtri

    values: NDArray[np.float64] = np.sqrt(chdtri(df, (np.arange(count) + 0.5) / count) / df)
    return values
