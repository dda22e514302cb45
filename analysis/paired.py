"""Two models on the same questions: how sure a difference of their shares of right answers is."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

DRAWS = 10_000  # of the bootstrap
LEVEL = 0.05  # of the test; the interval is the 95% one


class Paired(NamedTuple):
    """The second model's share of right answers minus the first's, over the same n questions."""

    difference: float  # -1..1
    interval: tuple[float, float] | None  # 95%, paired bootstrap; None: they never disagree
    p: float  # 0..1, exact McNemar test of no difference
    n: int

    @property
    def verdict(self) -> Literal["better", "worse", ""]:
        """`better` or `worse` where both interval and test tell a difference, else ""."""
        if self.interval is None or self.p >= LEVEL:
            return ""
        low, high = self.interval
        if low <= 0 <= high:
            return ""
        return "better" if self.difference > 0 else "worse"


def compare(first: Sequence[bool], second: Sequence[bool]) -> Paired | None:
    """The comparison of two models' right (True) and wrong answers to the same questions, in the
    same order; None of nothing. ValueError where the lengths differ."""
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        return None
    gained = sum(not before and after for before, after in pairs)
    lost = sum(before and not after for before, after in pairs)
    n = len(pairs)
    return Paired((gained - lost) / n, interval(gained, lost, n), mcnemar(gained, lost), n)


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p-value that of gained + lost questions on which the models disagree,
    each is equally likely to go either way (McNemar 1947, doi:10.1007/BF02295996): twice the
    binomial tail, at most 1; 1 where they never disagree."""
    disagreed = gained + lost
    tail = sum(math.comb(disagreed, k) for k in range(min(gained, lost) + 1))
    return min(1.0, float(2 * tail / 2**disagreed))  # whole numbers up to the division: no overflow


def interval(gained: int, lost: int, n: int, seed: int = 0) -> tuple[float, float] | None:
    """The percentile bootstrap's 95% interval of (gained - lost) / n over n questions (Efron 1979,
    doi:10.1214/aos/1176344552); None where they never disagree: every draw is then 0, which is no
    sign of certainty.

    A question adds 1, -1 or 0, so drawing n questions is one draw of the multinomial.
    """
    if not gained + lost:
        return None
    shares = [gained / n, lost / n, 1 - (gained + lost) / n]
    drawn = np.random.default_rng(seed).multinomial(n, np.clip(shares, 0, 1), size=DRAWS)
    low, high = np.percentile((drawn[:, 0] - drawn[:, 1]) / n, [2.5, 97.5])
    return float(low), float(high)
