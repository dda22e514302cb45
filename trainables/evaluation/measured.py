"""A measure over a set of questions, with its 95% interval."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from trainables.evaluation.intervals import Z95, Interval, bootstrap_interval, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Mode = Literal["min", "max"]  # a measure's better direction
T = TypeVar("T")


class Measured(NamedTuple):
    """A value, the ends of its 95% interval (None: undefined) and the number of questions."""

    value: float
    interval: Interval | None
    n: int


def share(hits: Iterable[bool]) -> Measured | None:
    """The share of true values, 0..1, with Wilson's score interval; None of nothing."""
    found = list(hits)
    n = len(found)
    if not n:
        return None
    p = sum(found) / n
    return Measured(p, wilson(p, n), n)


def mean(values: Iterable[float]) -> Measured | None:
    """The mean with the interval mean ± 1.96 standard errors (n - 1 in the variance); None of
    nothing, no interval for fewer than two values."""
    found = list(values)
    if not found:
        return None
    centre = statistics.fmean(found)
    if len(found) < 2:
        return Measured(centre, None, len(found))
    half = Z95 * statistics.stdev(found) / math.sqrt(len(found))
    return Measured(centre, (centre - half, centre + half), len(found))


def bootstrapped(
    values: Sequence[T], statistic: Callable[[Sequence[T]], float], draws: int = 200, seed: int = 0
) -> Measured | None:
    """A statistic of all values together, with the bootstrap's interval over them; None of
    nothing."""
    if not values:
        return None

    def of_each(drawn: "NDArray[np.int64]") -> "NDArray[np.float64]":
        import numpy as np

        samples = ([v for v, k in zip(values, row, strict=True) for _ in range(k)] for row in drawn)
        return np.array([statistic(sample) for sample in samples])

    ends = bootstrap_interval(of_each, [1] * len(values), draws, seed)
    return Measured(statistic(values), ends, len(values))


def clustered_share(values: Sequence[float], groups: Sequence[str]) -> Measured:
    """The mean of values in 0..1, (n,), with a score interval for values that are alike within
    groups; there must be one at least.

    Wilson's interval with the effective number n / deff (Kish 1965): deff is the variance between
    groups over that of n independent draws, 1 at least. Where all values are 0, or all are 1,
    nothing tells how alike they are, and the groups are counted instead.
    """
    n = len(values)
    p = math.fsum(values) / n
    sums: dict[str, float] = {}
    for value, group in zip(values, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + value - p
    alone = p * (1 - p) / n  # variance of the mean of n independent draws of 0 or 1
    if not alone:
        return Measured(p, wilson(p, len(sums)), n)
    correction = len(sums) / max(1, len(sums) - 1)
    variance = correction * math.fsum(s * s for s in sums.values()) / n**2
    return Measured(p, wilson(p, n / max(1.0, variance / alone)), n)
