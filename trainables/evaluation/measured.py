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
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n * n))
    return Measured(p, (max(0.0, centre - half), min(1.0, centre + half)), n)


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
