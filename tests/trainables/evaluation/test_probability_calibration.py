"""Calibration against values worked out by hand and against scikit-learn."""

import math
import random

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from benchmarks.ece_intervals import coverage, drawn, percentile
from trainables.evaluation.probability_calibration import (
    abstention_curve,
    area_under_risk_coverage,
    brier,
    calibration_interval,
    confidences,
    expected_calibration_error,
    reliability,
    softmax,
    thinned,
)

SCORED = [(0.95, True), (0.92, False), (0.55, True), (0.6, True), (0.6, False)]


def many(n: int = 500) -> list[tuple[float, bool]]:
    draw = random.Random(3)
    return [(c, draw.random() < c**2) for c in (draw.uniform(0.25, 1) for _ in range(n))]


def test_ece_by_hand() -> None:
    # (0.9, 1]: mean 0.935, right 1/2; (0.5, 0.6]: mean 0.58333, right 2/3
    expected = 2 / 5 * abs(0.5 - 0.935) + 3 / 5 * abs(2 / 3 - 1.75 / 3)
    assert expected_calibration_error(SCORED) == pytest.approx(expected, abs=1e-12)


def test_ece_of_the_perfectly_calibrated_and_of_the_hopeless() -> None:
    assert expected_calibration_error([(1.0, True)] * 4) == 0
    assert expected_calibration_error([(1.0, False)] * 4) == 1
    assert expected_calibration_error([(0.0, False)] * 4) == 0
    assert math.isnan(expected_calibration_error([]))


def test_reliability_agrees_with_scikit_learn() -> None:
    scored = many()
    bars = [bar for bar in reliability(scored) if bar.n]
    right, mean = calibration_curve([r for _, r in scored], [c for c, _ in scored], n_bins=10)
    np.testing.assert_allclose([bar.accuracy for bar in bars], right, atol=1e-12)
    np.testing.assert_allclose([bar.confidence for bar in bars], mean, atol=1e-12)
    assert sum(bar.n for bar in bars) == len(scored)


def test_bins_hold_their_upper_end() -> None:
    held = [bar.n for bar in reliability([(0.0, True), (0.5, True), (0.51, True)], bins=2)]
    assert held == [2, 1]


def test_brier_by_hand_and_by_scikit_learn() -> None:
    assert brier([[0.7, 0.2, 0.1]], [1]) == pytest.approx([0.49 + 0.64 + 0.01])
    draw = np.random.default_rng(0)
    probabilities = draw.dirichlet([1, 1, 1], 50)
    gold = draw.integers(0, 3, 50)
    expected = brier_score_loss(gold, probabilities, labels=[0, 1, 2], scale_by_half=False)
    assert np.mean(brier(probabilities.tolist(), gold.tolist())) == pytest.approx(expected)


def test_confidence_is_that_of_the_likeliest() -> None:
    assert confidences([[0.2, 0.5, 0.3], [0.5, 0.5]], [1, 1]) == [(0.5, True), (0.5, False)]


def test_softmax_of_large_values() -> None:
    assert softmax([-1000.0, -1000.0]) == [0.5, 0.5]
    assert softmax([0.0, math.log(3)]) == pytest.approx([0.25, 0.75])


def test_abstention_curve_by_hand() -> None:
    curve = abstention_curve(SCORED)
    assert [point.threshold for point in curve] == [0.95, 0.92, 0.6, 0.55]
    assert [point.coverage for point in curve] == pytest.approx([0.2, 0.4, 0.8, 1.0])
    assert [point.accuracy for point in curve] == pytest.approx([1, 0.5, 0.5, 0.6])


def test_aurc_by_hand() -> None:
    # risks: 0, 1/2, then half an error each: 1.5/3, 2/4, and 2/5
    expected = (0 + 0.5 + 0.5 + 0.5 + 0.4) / 5
    assert area_under_risk_coverage(SCORED) == pytest.approx(expected)
    assert math.isnan(area_under_risk_coverage([]))


def test_aurc_is_the_mean_over_orders_of_equal_confidences() -> None:
    draw = random.Random(0)
    scored = [(round(c, 1), right) for c, right in many(30)]

    def plain(rows: list[tuple[float, bool]]) -> float:
        ranked = sorted(rows, key=lambda pair: -pair[0])  # stable: ties in the shuffled order
        wrong = np.cumsum([not right for _, right in ranked])
        return float(np.mean(wrong / np.arange(1, len(ranked) + 1)))

    orders = [plain(draw.sample(scored, len(scored))) for _ in range(4000)]
    assert area_under_risk_coverage(scored) == pytest.approx(np.mean(orders), abs=0.003)


def test_a_thinned_curve_keeps_its_ends_and_invents_nothing() -> None:
    curve = abstention_curve(many())
    few = thinned(curve, 20)
    assert len(curve) == 500
    assert len(few) == 20
    assert set(few) <= set(curve)
    assert few == sorted(few, key=lambda p: p.coverage)
    assert [p.coverage for p in few] == pytest.approx([i / 20 for i in range(1, 21)])


def test_a_short_curve_is_kept_whole() -> None:
    curve = abstention_curve(SCORED)
    assert thinned(curve, 20) == curve
    assert [p.coverage for p in thinned(curve, 2)] == [0.8, 1.0]  # the two at 0.6 go together


@pytest.mark.parametrize(("n", "gap"), [(60, 0.0), (60, 0.1), (300, 0.0), (300, 0.05), (300, 0.2)])
def test_the_interval_of_ece_holds_the_truth_and_its_own_estimate(n: int, gap: float) -> None:
    """120 data sets each: the percentile bootstrap's never holds 0, and misses its own estimate."""
    seeds = range(120)
    held, own, _ = coverage(calibration_interval, n, gap, seeds)
    assert own == 1
    assert held >= 0.85  # benchmarks/LOG.md; the worst settings are at 0.9, of 120 draws
    if gap >= 0.2:  # what is far from calibrated is seen to be
        assert all(calibration_interval(drawn(n, gap, seed))[0] > 0 for seed in seeds)


def test_the_percentile_bootstrap_s_interval_of_ece_does_not() -> None:
    held, own, _ = coverage(percentile, 60, 0.0, range(40))
    assert held == 0
    assert own < 1


@pytest.mark.parametrize(
    ("scored", "low", "high"),
    [
        ([(0.9, True)] * 20, 0.0, 0.1),  # 0.9 to the 20th is 12%: no wonder
        # of 200 it is one; right 98.2% of the time, all 200 are right in 2.5% of cases
        ([(0.9, True)] * 200, 0.025 ** (1 / 200) - 0.9, 0.1),
        ([(1.0, True)] * 5, 0.0, 1 - 0.025 ** (1 / 5)),  # five right are no proof of all
        ([(1.0, False)] * 5, 0.025 ** (1 / 5), 1.0),
        ([(0.5, True)], 0.0, 0.5),
    ],
)
def test_the_interval_of_ece_where_all_are_alike(
    scored: list[tuple[float, bool]], low: float, high: float
) -> None:
    assert calibration_interval(scored) == pytest.approx((low, high), abs=1e-12)
