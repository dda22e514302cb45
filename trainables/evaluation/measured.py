"""A measure over a set of questions, with its 95% interval."""

import math
import random
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

Mode = Literal["min", "max"]  # a measure's better direction
T = TypeVar("T")
Z95 = 1.959963984540054  # the normal distribution's 97.5% point


class Measured(NamedTuple):
    """A value, the ends of its 95% interval (None: undefined) and the number of questions."""

    value: float
    interval: tuple[float, float] | None
    n: int


def share(hits: Iterable[bool]) -> Measured | None:
    """The share of true values, 0..1, with Wilson's score interval (Wilson 1927,
    doi:10.1080/01621459.1927.10502953); None of nothing."""
    found = list(hits)
    n = len(found)
    if not n:
        return None
    p = sum(found) / n
    return Measured(p, _wilson(p, n), n)


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
    """A statistic of all values together, with the percentile bootstrap's interval over questions
    (Efron 1979, doi:10.1214/aos/1176344552); None of nothing."""
    if not values:
        return None
    generator = random.Random(seed)
    found = sorted(statistic(generator.choices(values, k=len(values))) for _ in range(draws))
    ends = found[round(0.025 * (draws - 1))], found[round(0.975 * (draws - 1))]
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
        return Measured(p, _wilson(p, len(sums)), n)
    correction = len(sums) / max(1, len(sums) - 1)
    variance = correction * math.fsum(s * s for s in sums.values()) / n**2
    return Measured(p, _wilson(p, n / max(1.0, variance / alone)), n)


def _wilson(p: float, n: float) -> tuple[float, float]:
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
