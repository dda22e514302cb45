"""The race of candidates that are trained again with other seeds: who may still be the best, who
gets no more seeds, and when it is over. A pure function of what was measured, so that the same
decisions come out after a kill.

What is believed, and by which model, is in belief.py.
"""

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeps.confirmation.belief import belief, draws, root

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

BOUND = 0.1  # less likely the best than this: no more seeds
SURE = 0.975  # as likely better than another: clear against it

Values = Sequence[float | None]


@dataclass(frozen=True)
class Candidate:
    """What is believed of one candidate; values are as the metric has them."""

    name: str
    mean: float  # posterior, of the metric as given
    sd: float  # scale of its t distribution; of other rows too where their covariance is given
    best: float  # 0..1, probability that no other candidate is better
    beaten: float  # 0..1, probability that the leader is better than it; of the leader 0
    apart: tuple[float, float]  # 95% interval of its true value less the leader's, as believed
    runs: int  # that gave a number, the search's run included
    failed: int  # seeds that gave none: each counts as a bad run
    baseline: bool


@dataclass(frozen=True)
class Standing:
    """The race after some seeds, best first."""

    candidates: tuple[Candidate, ...]
    seed_sd: float  # of one run, of one seed's noise
    df: float  # degrees of freedom it is known with
    between_sd: float | None  # of configurations; None: too few trials, no shrinkage
    measured: bool  # whether two candidates have two seeds: else the noise is a guess

    @property
    def leader(self) -> Candidate:
        """Whose posterior mean is best."""
        return self.candidates[0]


def standing(
    searched: Values,
    search: Mapping[str, float | None],
    fresh: Mapping[str, Values],
    lower_is_better: bool = True,
    baselines: Collection[str] = (),
    row_covariance: "ArrayLike | None" = None,
    row_df: float | None = None,
) -> Standing:
    """What is believed of the candidates, the names of `fresh`.

    `searched` are the values of all complete trials of the search, `search` those of the
    candidates' own search runs (a candidate that has none: None or left out), `fresh` their new
    runs by seed: position s is the same seed for all. None or NaN there is a seed that failed or
    diverged; it counts as badly as the worst run of any candidate or trial. What is not run yet
    is left off the end. `row_covariance`, (candidates, candidates) in the order of `fresh`, is
    that of their means over rows (`covariance_of_rows`), and `row_df` how well it is known: rows
    (or groups of them) less one; None: as well as the seeds' noise. ValueError for no
    candidates.

    >>> now = standing([0.5, 0.6, 0.7, 0.9, 0.8], {"A": 0.5, "B": 0.6},
    ...                {"A": [0.51, 0.5], "B": [0.58, 0.6]})
    >>> now.leader.name, now.leader.best > 0.9, now.candidates[1].runs
    ('A', True, 3)
    """
    import numpy as np

    if not fresh:
        raise ValueError("no candidates: name those that are trained again")
    names, sign = list(fresh), 1.0 if lower_is_better else -1.0
    pool = np.array([sign * v for v in map(_number, searched) if v is not None])
    table, failed = _table(names, search, fresh, sign)
    believed = belief(table, failed, pool, row_covariance, row_df)
    mean, covariance = believed.mean, believed.covariance
    drawn = mean + draws(len(names), believed.df) @ root(covariance).T  # (draws, candidates)
    order = np.argsort(mean, kind="stable")
    best = np.bincount(drawn.argmin(axis=1), minlength=len(names)) / len(drawn)
    apart = drawn - drawn[:, [order[0]]]
    beaten, ends = (apart > 0).mean(axis=0), np.quantile(apart, (0.025, 0.975), axis=0)
    runs = np.isfinite(table).sum(axis=1)
    told = [
        Candidate(
            name=names[i],
            mean=sign * float(mean[i]),
            sd=math.sqrt(max(covariance[i, i], 0.0)),
            best=float(best[i]),
            beaten=float(beaten[i]),
            apart=(low, high) if lower_is_better else (-high, -low),
            runs=int(runs[i]),
            failed=int(failed[i]),
            baseline=names[i] in baselines,
        )
        for i in order
        for low, high in [(float(ends[0, i]), float(ends[1, i]))]
    ]
    noise, df = math.sqrt(believed.variance), believed.df
    return Standing(tuple(told), noise, df, believed.between, believed.measured)


def drops(now: Standing, bound: float = BOUND, sure: float = SURE) -> tuple[str, ...]:
    """Who gets no more seeds: those whose probability of being best is below the bound. A baseline
    stays until the leader is clear against it; the leader stays, and so do all before two of them
    have two seeds.

    >>> now = standing([1.0, 2, 3, 4, 5], {}, {"A": [1.0, 1.1], "B": [4.0, 4.1], "C": [3.0, 3.1]},
    ...                baselines=["C"])
    >>> drops(now)
    ('C', 'B')
    """
    return tuple(
        c.name
        for c in now.candidates[1:]
        if now.measured and c.best < bound and (not c.baseline or c.beaten >= sure)
    )


def clear(now: Standing, bound: float = BOUND, sure: float = SURE) -> bool:
    """Whether the race is over: the leader is as good as surely the best of all and surely better
    than each baseline, or everybody else would be dropped. True where there is but one
    candidate."""
    others = now.candidates[1:]
    if not now.measured:
        return not others
    best = now.leader.best >= 1 - bound and all(c.beaten >= sure for c in others if c.baseline)
    return best or len(drops(now, bound, sure)) == len(others)


def covariance_of_rows(
    results: "ArrayLike", groups: Sequence[Hashable] | None = None
) -> "NDArray[np.float64]":
    """The covariance of candidates' means over rows, from (candidates, rows), each the mean of its
    seeds: what another set of rows would change. What makes a row hard for all cancels in
    differences, and is taken out. Rows of a group count as one, their sum.

    >>> covariance_of_rows([[1.0, 2, 3], [2.0, 3, 4]]).tolist()  # equally hard for both
    [[0.0, 0.0], [0.0, 0.0]]
    """
    import numpy as np

    y = np.asarray(results, dtype=float)
    y = y - y.mean(axis=0)
    y = y - y.mean(axis=1, keepdims=True)
    rows = y.shape[1]
    if groups is not None:
        number = {name: i for i, name in enumerate(dict.fromkeys(groups))}
        belongs = np.zeros((rows, len(number)))
        belongs[np.arange(rows), [number[name] for name in groups]] = 1
        y = y @ belongs
    few = y.shape[1]  # rows or groups; of their sums, over all rows
    covariance: NDArray[np.float64] = y @ y.T * few / max(few - 1, 1) / rows**2
    return covariance


def _number(value: float | None) -> float | None:
    """None for what is no number."""
    return None if value is None or not math.isfinite(value) else float(value)


def _table(
    names: Sequence[str],
    search: Mapping[str, float | None],
    fresh: Mapping[str, Values],
    sign: float,
) -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """(candidates, runs), the search's run first, lower better, NaN where there is no number; and
    how many fresh seeds of each failed."""
    import numpy as np

    longest = max(len(values) for values in fresh.values())
    table, failed = np.full((len(names), 1 + longest), np.nan), np.zeros(len(names), dtype=int)
    for i, name in enumerate(names):
        runs = [_number(v) for v in (search.get(name), *fresh[name])]
        table[i, : len(runs)] = [math.nan if v is None else sign * v for v in runs]
        failed[i] = runs[1:].count(None)
    return table, failed
