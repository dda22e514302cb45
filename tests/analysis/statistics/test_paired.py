"""Paired comparison: by hand, and against scipy."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.paired import compare, interval, mcnemar, sign_test


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (8, 2, 2 * (1 + 10 + 45) / 1024),
        (2, 8, 2 * (1 + 10 + 45) / 1024),
        (5, 0, 2 / 32),
        (3, 3, 1.0),  # twice the tail is above 1
        (0, 0, 1.0),
    ],
)
def test_mcnemar_by_hand(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p, rel=1e-12)


@pytest.mark.parametrize(("gained", "lost"), [(1, 0), (7, 3), (60, 41), (1200, 1100)])
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int) -> None:
    reference = stats.binomtest(gained, gained + lost, 0.5).pvalue
    assert mcnemar(gained, lost) == pytest.approx(reference, rel=1e-9)


@pytest.mark.parametrize(("gained", "lost", "n"), [(30, 10, 200), (5, 9, 40), (700, 650, 4000)])
def test_the_interval_is_that_of_drawing_questions(gained: int, lost: int, n: int) -> None:
    each = np.array([1] * gained + [-1] * lost + [0] * (n - gained - lost))
    drawn = stats.bootstrap(
        (each,), np.mean, n_resamples=4000, method="percentile", batch=500, rng=1
    ).confidence_interval
    error = 0.15 * (drawn.high - drawn.low)  # both are simulations
    assert interval(gained, lost, n) == pytest.approx((drawn.low, drawn.high), abs=error)


def test_the_order_of_the_models_and_of_the_questions() -> None:
    first = [True, True, False, False, False, True, False, False, False, False]
    second = [True, False, True, True, True, True, True, True, False, True]
    one, other = compare(first, second), compare(second, first)
    back = compare(first[::-1], second[::-1])
    assert one is not None
    assert other is not None
    assert one == back  # gained 6, lost 1
    assert one.difference == pytest.approx(0.5)
    assert other.difference == pytest.approx(-0.5)
    assert one.p == other.p == pytest.approx(2 * (1 + 7) / 128)
    assert one.n == 10


def test_what_can_be_told() -> None:
    better = compare([False] * 50 + [True] * 50, [True] * 20 + [False] * 30 + [True] * 50)
    assert better is not None
    assert better.verdict == "better"
    worse = compare([True] * 20 + [False] * 80, [False] * 100)
    assert worse is not None
    assert worse.verdict == "worse"
    even = compare([True] * 10 + [False] * 10, [False] * 5 + [True] * 15)
    assert even is not None
    assert even.difference > 0
    assert even.p == pytest.approx(2 * (1 + 15 + 105 + 455 + 1365 + 3003) / 2**15)
    assert even.verdict == ""


def test_two_questions_tell_nothing_although_the_bootstrap_is_sure() -> None:
    told = compare([False, False], [True, True])
    assert told is not None
    assert told.interval == (1.0, 1.0)
    assert told.p == 0.5
    assert told.verdict == ""


def test_models_that_never_disagree_have_no_interval() -> None:
    told = compare([True, False], [True, False])
    assert told is not None
    assert (told.difference, told.interval, told.p, told.verdict) == (0, None, 1, "")


def test_nothing_and_unequal_lengths() -> None:
    assert compare([], []) is None
    with pytest.raises(ValueError, match="zip"):
        compare([True], [])


def test_sign_test_by_hand() -> None:
    # 8 of 10 heads: (1 + 10 + 45) / 1024 on each side
    assert sign_test(8, 2) == pytest.approx(2 * 56 / 1024)
    assert sign_test(5, 5) == pytest.approx(1)
    assert sign_test(0, 0) is None
