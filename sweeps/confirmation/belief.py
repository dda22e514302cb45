"""What is believed of candidates' true values after some seeds: a hierarchical model.

A configuration's true value is a draw from a normal distribution over all complete trials of the
search; a run adds the noise of its seed; all candidates share one set of rows, which adds an error
that more seeds do not remove. What the candidates share (hard rows, a lucky seed) cancels. How
large the noise is, few seeds tell badly: beliefs are multivariate t (Gelman et al. 2013, Bayesian
Data Analysis, 3rd ed., 5.4 and 14.2).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.float64]

DRAWS = 4096
FEWEST_TRIALS = 5  # fewer say nothing of how configurations differ: no shrinkage
DF_UNKNOWN = 3.0  # before two candidates have two seeds the noise is a guess
CAUTION = 1.3
ROUNDING = 1e-12  # of the largest variance: what an inverse cannot tell from singular
LEAST = 1e-24  # of a variance: nothing is known exactly


@dataclass(frozen=True)
class Belief:
    """A multivariate t distribution of the candidates' true values; lower is better."""

    mean: "Array"  # (candidates,)
    covariance: "Array"  # (candidates, candidates), the scale of t
    variance: float  # of one run, of its seed
    df: float
    between: float | None  # sd of configurations; None: too few trials, no shrinkage
    measured: bool  # whether the variance is of fresh runs, not a guess


def belief(
    table: "Array",
    failed: "NDArray[np.int64]",
    pool: "Array",
    row_covariance: "ArrayLike | None" = None,
    row_df: float | None = None,
) -> Belief:
    """Of `table` (candidates, runs), the search's run first, NaN where there is none; `failed`
    seeds of each; `pool`, all complete trials' values; what other rows would change of their means,
    and the degrees of freedom that is known with (None: those of the seeds' noise, of which it was
    computed)."""
    import numpy as np

    effects, information, variance, df, measured = _fit(table)
    n, worst = np.isfinite(table).sum(axis=1), _worst(table, pool)
    # a failed seed is a run as bad as the worst, and says nothing of how runs vary
    counted = np.where(n > 0, effects, worst)
    effects = np.asarray((n * counted + failed * worst) / np.maximum(n + failed, 1), dtype=float)
    inverse: Array = np.linalg.inv(np.asarray(information + np.diag(failed + 1e-9), dtype=float))
    noise: Array = variance * inverse
    if row_covariance is not None:
        rows = np.asarray(row_covariance, dtype=float)
        if row_df is not None:
            df = _degrees(apart(noise), df, apart(rows), row_df)
        noise = noise + rows
    prior = between(pool, variance)
    if prior is None:
        return Belief(effects, noise, variance, df, None, measured)
    middle, sd = prior[0], _cautious(prior[1], variance)
    whole = noise + sd**2 * np.eye(len(n))
    # rows may differ where no value does (as many answers right, of other questions)
    whole += ROUNDING * whole.max() * np.eye(len(n))
    gain = sd**2 * np.linalg.inv(whole)
    covariance = sd**2 * (np.eye(len(n)) - gain)
    mean = middle + gain @ (effects - middle)
    return Belief(mean, (covariance + covariance.T) / 2, variance, df, sd, measured)


def apart(covariance: "Array") -> float:
    """The mean variance of the difference of two candidates; 0 for one alone."""
    n = len(covariance)
    if n < 2:
        return 0.0
    return 2 * float(covariance.trace() * n - covariance.sum()) / (n * (n - 1))


def _degrees(seeds: float, df: float, rows: float, row_df: float) -> float:
    """Of the sum of two variances, Satterthwaite's (1946, doi:10.2307/3002019): two seeds tell
    little of their noise, which is no reason to know as little of that of a thousand rows."""
    if not seeds + rows > 0:
        return df
    return (seeds + rows) ** 2 / (seeds**2 / df + rows**2 / row_df)


def _worst(table: "Array", pool: "Array") -> float:
    import numpy as np

    known = np.concatenate([pool, table[np.isfinite(table)]])
    return float(known.max()) if known.size else 0.0


def _fit(table: "Array") -> "tuple[Array, Array, float, float, bool]":
    """The additive model candidate + seed by least squares: (candidates' effects at the mean seed,
    their information matrix in units of 1 / variance, variance of one run, degrees of freedom,
    whether it was measured). The variance is of fresh runs only: those of the search were chosen
    for being low."""
    import numpy as np

    present = np.isfinite(table)
    runs, shared = present.sum(axis=1), present.sum(axis=0)
    incidence = present.astype(float)
    information = np.diag(runs) - incidence @ np.diag(1 / np.maximum(shared, 1)) @ incidence.T
    information += runs.sum() / len(runs) ** 2  # the level, which cancels in differences
    own, rest, df = additive(table)
    seeds = np.where(present, table - own[:, None], 0.0).sum() / max(int(runs.sum()), 1)
    fresh_rest, fresh_df = (rest, df) if table.shape[1] < 2 else additive(table[:, 1:])[1:]
    if fresh_df < 1:
        known = table[present]
        guess = float(known.var()) if known.size else 0.0
        return own + seeds, information, max(guess, LEAST), DF_UNKNOWN, False
    variance = max(float((fresh_rest**2).sum()) / fresh_df, LEAST)
    return own + seeds, information, variance, fresh_df, True


def additive(table: "Array") -> "tuple[Array, Array, float]":
    """(effects of candidates, what is left of each run, degrees of freedom) by least squares."""
    import numpy as np

    present = np.isfinite(table)
    i, s = np.nonzero(present)
    y, k = table[present], len(table)
    design = np.zeros((len(y), k + table.shape[1]))
    design[np.arange(len(y)), i] = design[np.arange(len(y)), k + s] = 1
    if not len(y):
        return np.zeros(k), y, 0.0
    solved, _, rank, _ = np.linalg.lstsq(design, y, rcond=None)
    rest: Array = y - design @ solved
    return np.asarray(solved[:k], dtype=float), rest, float(len(y) - rank)


def between(pool: "Array", variance: float) -> tuple[float, float] | None:
    """(median, sd) of true values over all trials (values, lower better, a run each), the seeds'
    variance taken out. Of the better half only: the worse tail is long (rates that diverge) and
    says nothing of those in front. None for fewer than five trials, and where none of these differ:
    as many right answers of few questions are no sign that others would be as many."""
    import numpy as np

    if len(pool) < FEWEST_TRIALS:
        return None
    middle = float(np.median(pool))
    if middle - float(pool.min()) <= ROUNDING * abs(middle):
        return None
    spread = float(np.mean((middle - pool[pool <= middle]) ** 2))
    return middle, float(np.sqrt(max(spread - variance, 0.01 * variance, LEAST)))


def _cautious(sd: float, variance: float) -> float:
    """The spread of configurations as a prior: larger than its estimate, which twenty trials give
    badly, and which taken for sure makes beliefs too sure (docs/choosing.md)."""
    return float(max(CAUTION * max(sd**2, variance / 2), LEAST) ** 0.5)


def root(covariance: "Array") -> "Array":
    """A square root, of singular ones too."""
    import numpy as np

    values, vectors = np.linalg.eigh(covariance)
    scaled: Array = vectors * np.sqrt(np.maximum(values, 0))
    return scaled


def draws(count: int, df: float) -> "Array":
    """Draws of a standard multivariate t distribution, (DRAWS, count); the same every time."""
    normal, _ = _normal(count)
    drawn: Array = normal * _stretch(count, df)[:, None]
    return drawn


@lru_cache(maxsize=64)
def _stretch(count: int, df: float) -> "Array":
    """What makes normal draws those of t: sqrt(df / chi-squared), (DRAWS,)."""
    import numpy as np
    from scipy.special import chdtri

    stretched: Array = np.sqrt(df / chdtri(df, _normal(count)[1]))
    return stretched


@lru_cache(maxsize=8)
def _normal(count: int) -> "tuple[Array, Array]":
    """Normal draws (DRAWS, count) and uniform ones (DRAWS,): Sobol's sequence."""
    import numpy as np
    from scipy.special import ndtri
    from scipy.stats import qmc

    points = qmc.Sobol(count + 1, scramble=True, rng=np.random.default_rng(0)).random(DRAWS)
    points = np.clip(points, 1e-9, 1 - 1e-9)
    return ndtri(points[:, :-1]), points[:, -1]
