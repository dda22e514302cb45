"""How much a run changes with its seed, pooled over candidates: one candidate's own two or three
seeds say next to nothing of it.

The variances of all paired differences are taken for draws from one scaled inverse chi-squared
distribution, fitted by the moments of their logarithms (empirical Bayes; Smyth 2004,
doi:10.2202/1544-6115.1027, as in limma's squeezeVar and fitFDist). Each difference's own variance
then moves towards the common one, the more the fewer its seeds and the more alike all are.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class SeedSpread:
    """The prior of the variance, over seeds, of a difference of two runs of one seed."""

    variance: float  # of one difference, not of its mean; >= 0
    df: float  # so many degrees of freedom's worth is it; inf: all differences vary alike
    df_pooled: float  # what all runs together have: a moderated variance never has more
    n_candidates: int

    def moderate(self, variance: float, df: float) -> tuple[float, float]:
        """(variance, degrees of freedom) of a difference whose own are these; df 0: it has none.

        >>> SeedSpread(variance=2.0, df=6, df_pooled=8, n_candidates=5).moderate(8.0, 2)
        (3.5, 8)
        """
        if math.isinf(self.df):
            return self.variance, self.df_pooled
        own = df * variance if df else 0.0
        total = self.df + df
        return (self.df * self.variance + own) / total, min(total, self.df_pooled)


def seed_spread(values: "ArrayLike") -> SeedSpread | None:
    """The spread over seeds of candidates' run-level values, (candidates, seeds), NaN where one
    has no run of that seed. None for fewer than three candidates with two seeds in common: there
    is nobody to borrow from. Seeds are paired: what all candidates share of one cancels.

    >>> seed_spread([[1.0, 1.2], [1.1, 1.5], [2.0, 2.0]]).df_pooled
    2.0
    """
    import numpy as np

    table = np.asarray(values, dtype=float)
    found = []
    for a, b in combinations(range(len(table)), 2):
        d = table[a] - table[b]
        d = d[np.isfinite(d)]
        if len(d) > 1:
            found.append((float(d.var(ddof=1)), len(d) - 1))
    if len(found) < 3:
        return None
    return _fitted([v for v, _ in found], [df for _, df in found], table)


def _fitted(
    variances: Sequence[float], dfs: Sequence[int], table: "NDArray[np.float64]"
) -> SeedSpread:
    """limma's fitFDist. Variances of nought are lifted to a millionth of the mean, as there: their
    logarithm is not to decide alone."""
    import numpy as np
    from scipy.special import digamma, polygamma

    s2, d = np.asarray(variances), np.asarray(dfs, dtype=float)
    mean = float(np.average(s2, weights=d))
    present = np.isfinite(table)
    seen = present[:, present.sum(axis=0) > 1]  # a seed of one candidate says nothing of spread
    pooled = float(seen.sum() - seen.any(axis=1).sum() - seen.shape[1] + 1)
    if mean == 0:
        return SeedSpread(0.0, math.inf, pooled, len(table))
    logs = np.log(np.maximum(s2, 1e-6 * mean)) - digamma(d / 2) + np.log(d / 2)
    excess = float(logs.var(ddof=1) - polygamma(1, d / 2).mean())
    if excess <= 0:
        return SeedSpread(mean, math.inf, pooled, len(table))
    df = 2 * _trigamma_inverse(excess)
    scale = math.exp(float(logs.mean()) + float(digamma(df / 2)) - math.log(df / 2))
    return SeedSpread(scale, df, pooled, len(table))


def _trigamma_inverse(x: float) -> float:
    """y > 0 with trigamma(y) = x > 0: Newton's steps on 1/trigamma, which is convex (limma)."""
    from scipy.special import polygamma

    y = 0.5 + 1 / x
    for _ in range(50):
        now = float(polygamma(1, y))
        step = now * (1 - now / x) / float(polygamma(2, y))
        y += step
        if abs(step) < 1e-10 * y:
            break
    return y
