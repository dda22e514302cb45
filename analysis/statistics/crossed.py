"""The difference of two candidates over seeds and rows, and how sure it is: of another seed, of
another set of questions, or of both.

Seeds and rows are crossed: every seed sees the same rows. A paired difference is
d[s, r] = difference + seed s + row r + residual, all but the first random. The variance of its mean
is (MS_seeds + MS_rows - MS_residual) / (S R) by the mean squares of the two-way table, its degrees
of freedom Satterthwaite's (1946, doi:10.2307/3002019; Searle, Casella and McCulloch 1992, Variance
Components, 4.3). Rows that belong together (`groups`) count as one: their sums are what varies.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from analysis.statistics.seed_spread import SeedSpread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

Missing = Literal["", "seeds", "rows", "both"]


@dataclass(frozen=True)
class Difference:
    """The first candidate's mean less the second's. A standard error squared is the sum of its
    sources' squared; None: this source was not seen, and the interval does not speak of it."""

    estimate: float
    interval: tuple[float, float] | None  # None: nothing was seen to vary, which is no certainty
    se: float | None
    se_seeds: float | None  # another seed, with the same rows; shrinks with the number of seeds
    se_rows: float | None  # another set of rows, with the same seeds; shrinks with that of rows
    df: float | None
    p: float | None  # two-sided, of no difference; not corrected for several comparisons
    n_seeds: int  # those that both have
    n_rows: int | None  # None: values of whole runs
    n_groups: int | None  # rows that belong together count once
    missing: Missing  # the source of chance that was not seen
    left_out: int = 0  # seeds of which one or both have no number: not run, failed, diverged
    level: float = 0.95
    df_seeds: float | None = None  # degrees of freedom of se_seeds


@dataclass(frozen=True)
class _Part:
    """A share of the variance of the mean, with its degrees of freedom; may be subtracted."""

    variance: float
    df: float


def difference(
    first: "ArrayLike",
    second: "ArrayLike",
    groups: Sequence[Hashable] | None = None,
    spread: SeedSpread | None = None,
    level: float = 0.95,
    resampled: float = 0.0,
) -> Difference | None:
    """Compare two candidates, each (seeds, rows), or (seeds,) where no rows were kept. Row s of
    both is one seed, column r one question; a seed that failed or diverged is NaN, and left out of
    both (count it against its candidate elsewhere). Where only seeds of several candidates can be
    looked at, `seed_spread` of all candidates' values makes few seeds usable. `resampled`: as
    `nested_difference` has it, for values of whole runs each on rows of its own. None where no seed
    is common. ValueError where the shapes differ.

    >>> d = difference([[1.0, 2, 3], [2, 2, 4]], [[1.0, 1, 1], [1, 1, 2]])
    >>> d.estimate, d.n_seeds, d.n_rows, d.missing
    (1.1666666666666667, 2, 3, '')
    >>> difference([0.5, 0.6, 0.7], [0.4, 0.6, 0.5]).missing  # values of whole runs
    'rows'
    >>> difference([[1.0, 2, 3]], [[1.0, 1, 1]]).missing  # one run of each
    'seeds'
    """
    import numpy as np

    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape or a.ndim not in (1, 2):
        raise ValueError(f"shapes {a.shape} and {b.shape}: both (seeds, rows) or (seeds,) alike")
    d = a - b
    kept = np.isfinite(d) if d.ndim == 1 else np.isfinite(d).all(axis=1)
    left_out, d = int((~kept).sum()), d[kept]
    if not d.size:
        return None
    if d.ndim == 1:
        part = _resampled(_seed_part(d, spread), len(d), resampled)
        return _told(float(d.mean()), part, [], d.shape[0], None, left_out, level)
    table = _of_groups(d, groups)
    parts = _row_parts(table)
    return _told(
        float(d.mean()),
        _seed_part(d.mean(axis=1), spread),
        parts,
        len(d),
        (d.shape[1], table.shape[1]),
        left_out,
        level,
    )


def nested_difference(
    first: Sequence["ArrayLike"],
    second: Sequence["ArrayLike"],
    spread: SeedSpread | None = None,
    resampled: float = 0.0,
    level: float = 0.95,
) -> Difference | None:
    """As `difference`, where every seed has rows of its own (`vary: [seed, split]`): first[s][r].
    The seeds' means vary by seed and rows together, so that they alone give the whole variance;
    se_rows is the part that rows explain. `resampled` is held-out rows / training rows where splits
    are drawn from the same rows again and again: their means are then alike, and the variance is
    S * resampled larger (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366).

    >>> nested_difference([[1.0, 2], [3.0, 3, 3]], [[1.0, 1], [1.0, 2, 3]]).estimate
    0.75
    """
    import numpy as np

    ds = [
        np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
        for a, b in zip(first, second, strict=True)
    ]
    kept = [d for d in ds if d.size and np.isfinite(d).all()]
    if not kept:
        return None
    means, n, n_rows = np.array([d.mean() for d in kept]), len(kept), sum(d.size for d in kept)
    left_out = len(ds) - n
    of_rows = [d.var(ddof=1) / d.size for d in kept if d.size > 1]
    if n == 1:
        alone = [_Part(float(of_rows[0]), kept[0].size - 1)] if of_rows else []
        counts = (n_rows, n_rows)
        return _told(float(means[0]), _seed_part(means, spread), alone, 1, counts, left_out, level)
    larger = _resampled(_seed_part(means, spread), n, resampled)
    assert larger is not None
    told = _told(float(means.mean()), larger, [], n, (n_rows, n_rows), left_out, level)
    rows = min(float(np.sum(of_rows)) / n**2, larger.variance)
    return _split(told, rows)


def _resampled(part: _Part | None, n: int, resampled: float) -> _Part | None:
    """The variance of the mean of `n` seeds whose rows are drawn from the same ones."""
    return part and _Part(part.variance * (1 + n * resampled), part.df)


def _split(told: Difference, rows: float) -> Difference:
    """Name the part of the seeds' variance that their rows explain."""
    from dataclasses import replace

    assert told.se is not None
    seeds = math.sqrt(max(told.se**2 - rows, 0.0))
    return replace(told, se_seeds=seeds, se_rows=math.sqrt(rows), missing="")


def _seed_part(means: "NDArray[np.float64]", spread: SeedSpread | None) -> _Part | None:
    """The seeds' part of the variance of the mean of paired differences, a run each; None where
    neither they nor other candidates say anything of it."""
    n = len(means)
    variance, df = (float(means.var(ddof=1)), n - 1.0) if n > 1 else (0.0, 0.0)
    if spread is not None:
        variance, df = spread.moderate(variance, df)
    return _Part(variance / n, df) if df > 0 else None


def _of_groups(
    d: "NDArray[np.float64]", groups: Sequence[Hashable] | None
) -> "NDArray[np.float64]":
    """Deviations from the mean, (seeds, rows); rows of a group summed, and scaled so that their
    mean varies as that of all rows does (linearised: groups may differ in size)."""
    import numpy as np

    if groups is None:
        return d
    numbers = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    of = np.array([numbers[name] for name in groups])
    if len(of) != d.shape[1]:
        raise ValueError(f"{len(of)} groups of {d.shape[1]} rows: one for each row")
    sums = np.zeros((len(d), len(numbers)))
    np.add.at(sums.T, of, (d - d.mean()).T)
    scaled: NDArray[np.float64] = sums * len(numbers) / d.shape[1]
    return scaled


def _row_parts(table: "NDArray[np.float64]") -> list[_Part]:
    """What rows add to the variance of the mean beyond the seeds' part, which has its share of the
    residual already: MS_rows / (S R) - MS_residual / (S R). [] where that is no more than 0, or one
    row; of a single seed rows and residual are one."""
    s, r = table.shape
    if r < 2:
        return []
    by_row = table.mean(axis=0)
    rows = _Part(float(by_row.var(ddof=1)) / r, r - 1.0)
    if s < 2:
        return [rows]
    rest = table - by_row - table.mean(axis=1, keepdims=True) + table.mean()
    df = (s - 1.0) * (r - 1.0)
    residual = _Part(float((rest**2).sum()) / df / (s * r), df)
    return [rows, _Part(-residual.variance, df)] if rows.variance > residual.variance else []


def _told(
    estimate: float,
    seeds: _Part | None,
    rows: list[_Part],
    n_seeds: int,
    counted: tuple[int, int] | None,
    left_out: int,
    level: float,
) -> Difference:
    """Estimate and parts as a result; `counted` are rows and groups."""
    from scipy.stats import t

    n_rows, n_groups = counted or (None, None)
    no_rows = n_groups is None or n_groups < 2
    missing: Missing = ("both" if no_rows else "seeds") if seeds is None else ""
    if seeds is not None and no_rows:
        missing = "rows"
    of_rows = sum(part.variance for part in rows)
    se_rows = None if no_rows else math.sqrt(of_rows)
    se_seeds = None if seeds is None else math.sqrt(seeds.variance)
    parts = [*([seeds] if seeds else []), *rows]
    variance = sum(part.variance for part in parts)
    df_seeds = None if seeds is None else seeds.df
    counts = (n_seeds, n_rows, n_groups, missing, left_out, level, df_seeds)
    if not variance > 0:
        se = None if missing == "both" else 0.0
        return Difference(estimate, None, se, se_seeds, se_rows, None, None, *counts)
    se, df = math.sqrt(variance), _satterthwaite(parts)
    half = float(t.ppf((1 + level) / 2, df)) * se
    p = float(2 * t.sf(abs(estimate) / se, df))
    interval = (estimate - half, estimate + half)
    return Difference(estimate, interval, se, se_seeds, se_rows, df, p, *counts)


def _satterthwaite(parts: Sequence[_Part]) -> float:
    """Degrees of freedom of a sum of independent mean squares: of the same first two moments. No
    fewer than of the worst known of them: with a part that is subtracted the formula goes to 0."""
    total = sum(part.variance for part in parts)
    least = min(part.df for part in parts if part.variance > 0)
    return max(total**2 / sum(part.variance**2 / part.df for part in parts), least)
