"""Intervals against scipy's bootstrap."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from analysis.statistics.bootstrap import mean_interval, ratio_interval


def test_the_mean_s_interval_is_scipy_s_up_to_resampling() -> None:
    values = np.random.default_rng(1).normal(3, 1, 80)
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=0)
    assert mean_interval(values.tolist()) == pytest.approx(
        tuple(theirs.confidence_interval), abs=0.01
    )


def test_the_ratio_s_interval_is_scipy_s_paired_one() -> None:
    generator = np.random.default_rng(2)
    raters = generator.integers(1, 4, 60).astype(float)
    points = generator.binomial(raters.astype(int), 0.6).astype(float)
    theirs = bootstrap(
        (points, raters),
        lambda p, r, axis: p.sum(axis) / r.sum(axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=0,
    )
    found = ratio_interval(list(zip(points, raters, strict=True)))
    assert found == pytest.approx(tuple(theirs.confidence_interval), abs=0.01)


def test_intervals_repeat_and_need_two_questions() -> None:
    assert mean_interval([1.0, 2.0, 4.0]) == mean_interval([1.0, 2.0, 4.0])
    assert mean_interval([2.0, 2.0]) == (2.0, 2.0)
    assert mean_interval([1.0]) is None
