"""Intervals against scipy's, and on numbers that are known by hand."""

from collections.abc import Sequence
from statistics import fmean, median

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

from trainables.evaluation.intervals import bootstrap_interval, wilson
from trainables.evaluation.measured import bootstrapped


@pytest.mark.parametrize(("hits", "n"), [(6, 8), (0, 5), (5, 5), (311, 1273)])
def test_wilson_s_interval_is_scipy_s(hits: int, n: int) -> None:
    theirs = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits / n, n) == pytest.approx(tuple(theirs), rel=1e-9, abs=1e-15)


def test_questions_of_a_kind_may_be_put_together() -> None:
    values = np.array([1.0] * 60 + [0.0] * 20)
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=0)
    wanted = pytest.approx(tuple(theirs.confidence_interval), abs=0.015)  # a draw is n / 80
    assert bootstrap_interval(lambda drawn: drawn @ values / 80, [1] * 80) == wanted
    assert bootstrap_interval(lambda drawn: drawn[:, 0] / 80, [60, 20]) == wanted


def test_more_draws_and_another_seed_give_nearly_the_same() -> None:
    def share(drawn: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        return drawn[:, 0] / 1000

    first = bootstrap_interval(share, [300, 700])
    assert first == bootstrap_interval(share, [300, 700])
    assert first == pytest.approx(bootstrap_interval(share, [300, 700], seed=1), abs=0.003)
    assert first != bootstrap_interval(share, [300, 700], draws=20)


@pytest.mark.parametrize("statistic", [fmean, median, max])
def test_any_statistic_of_all_values_has_scipy_s_interval(statistic: object) -> None:
    values = np.random.default_rng(4).normal(3, 1, 60).tolist()
    theirs = bootstrap(
        (values,), statistic, method="percentile", n_resamples=4000, rng=0, vectorized=False
    ).confidence_interval
    found = bootstrapped(values, statistic, draws=4000)  # type: ignore[arg-type]
    assert found is not None
    assert found.value == statistic(values)  # type: ignore[operator]
    assert found.n == 60
    assert found.interval == pytest.approx(tuple(theirs), abs=0.15 * (theirs.high - theirs.low))


def test_a_resample_keeps_values_whole_and_as_many() -> None:
    seen: list[Sequence[tuple[str, int]]] = []

    def statistic(sample: Sequence[tuple[str, int]]) -> float:
        seen.append(sample)
        return 0.0

    bootstrapped([("a", 1), ("b", 2)], statistic, draws=50)
    assert {len(sample) for sample in seen} == {2}
    assert {value for sample in seen for value in sample} == {("a", 1), ("b", 2)}
    assert len({tuple(sample) for sample in seen}) == 3  # aa, ab, bb


def test_one_value_is_its_own_interval_and_nothing_has_none() -> None:
    found = bootstrapped([2.5], fmean)
    assert found is not None
    assert found.interval == (2.5, 2.5)
    assert bootstrapped([], fmean) is None
