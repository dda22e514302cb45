"""Two models on the same questions: how sure a difference of their shares of right answers is."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from trainables.evaluation.intervals import Interval, bootstrap_interval

LEVEL = 0.05  # of the test; the interval is the 95% one


class Paired(NamedTuple):
    """The second model's share of right answers minus the first's, over the same n questions."""

    difference: float  # -1..1
    interval: Interval | None  # 95%, paired bootstrap; None: they never disagree
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
    same order; None of nothing. ValueError where the lengths differ.

    >>> compare([True, False, False], [True, True, False])
    Paired(difference=0.3333333333333333, interval=(0.0, 1.0), p=1.0, n=3)
    """
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        return None
    gained = sum(not before and after for before, after in pairs)
    lost = sum(before and not after for before, after in pairs)
    n = len(pairs)
    return Paired((gained - lost) / n, interval(gained, lost, n), mcnemar(gained, lost), n)


def sign_test(wins: int, losses: int) -> float | None:
    """Two-sided p of the sign test: were it a coin, how often would it fall as unevenly or more?
    (Conover 1999, Practical Nonparametric Statistics, 3.4.) None where nothing was decided."""
    from scipy.stats import binomtest

    decided = wins + losses
    return float(binomtest(wins, decided).pvalue) if decided else None


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact two-sided p (1947, doi:10.1007/BF02295996): the sign test of the gained +
    lost questions on which the models disagree; 1 where they never disagree."""
    p = sign_test(gained, lost)
    return 1.0 if p is None else p


def interval(gained: int, lost: int, n: int, seed: int = 0) -> Interval | None:
    """The bootstrap's 95% interval of (gained - lost) / n over n questions; None where they never
    disagree: every draw is then 0, which is no sign of certainty."""
    if not gained + lost:
        return None
    # a question adds 1, -1 or 0: three kinds
    return bootstrap_interval(
        lambda drawn: (drawn[:, 0] - drawn[:, 1]) / n, [gained, lost, n - gained - lost], seed=seed
    )
