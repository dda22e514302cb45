"""P(A beats B), and agreement of seeds: by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.wins import beats, consistency


def test_wins_by_hand() -> None:
    found = beats([0.5, 0.6, 0.7, 0.9], [0.6, 0.6, 0.8, 0.8])
    assert found is not None
    assert (found.probability, found.n) == ((1 + 0.5 + 1 + 0) / 4, 4)
    higher = beats([0.5, 0.6, 0.7, 0.9], [0.6, 0.6, 0.8, 0.8], lower_is_better=False)
    assert higher is not None
    assert higher.probability == pytest.approx(1 - found.probability)


def test_its_interval_is_wilsons() -> None:
    found = beats([0.0] * 7 + [1.0] * 3, [0.5] * 10)
    assert found is not None
    reference = stats.binomtest(7, 10).proportion_ci(method="wilson")
    assert found.interval == pytest.approx((reference.low, reference.high))


def test_a_diverged_run_loses() -> None:
    for lower in (True, False):
        found = beats([math.nan, 0.5], [0.5, math.nan], lower)
        assert found is not None
        assert found.probability == 0.5
    both = beats([math.nan], [math.nan])
    assert both is not None
    assert both.probability == 0.5
    assert beats([], []) is None
    with pytest.raises(ValueError, match="paired"):
        beats([1.0], [1.0, 2.0])


def test_flips_are_the_mean_over_pairs_of_seeds() -> None:
    right = np.random.default_rng(0).random((5, 40)) < 0.7
    found = consistency(right)
    assert found is not None
    pairs = [(right[i] != right[j]).mean() for i in range(5) for j in range(i)]
    assert found.flipped == pytest.approx(np.mean(pairs))
    assert found.agreed == pytest.approx((right.all(axis=0) | ~right.any(axis=0)).mean())
    assert (found.n_seeds, found.n_questions) == (5, 40)


def test_one_seed_agrees_with_nobody() -> None:
    assert consistency([[True, False]]) is None
    assert consistency([[], []]) is None
    assert consistency([True, False]) is None
