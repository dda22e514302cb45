"""Power and what it would take: against statsmodels' power, and by simulation's logic."""

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.statistics.crossed import Difference, difference
from analysis.statistics.detectable import more_rows, more_seeds, power, smallest_detectable


def design(
    estimate: float, se_seeds: float | None, se_rows: float | None, seeds: int = 4, rows: int = 100
) -> Difference:
    variance = (se_seeds or 0) ** 2 + (se_rows or 0) ** 2
    parts = (se_seeds or 0) ** 4 / (seeds - 1) + (se_rows or 0) ** 4 / (rows - 1)
    df = variance**2 / parts
    counts = (seeds, rows, rows, "", 0, 0.95, seeds - 1.0)
    return Difference(
        estimate, (0.0, 1.0), math.sqrt(variance), se_seeds, se_rows, df, 0.5, *counts
    )


@pytest.mark.parametrize(("n", "effect"), [(3, 1.5), (5, 1.0), (12, 0.9), (40, 0.4)])
def test_power_is_statsmodels_t_test(n: int, effect: float) -> None:
    from statsmodels.stats.power import TTestPower

    reference = TTestPower().power(effect, n, 0.05)
    assert power(effect, 1 / math.sqrt(n), n - 1) == pytest.approx(reference, abs=1e-5)


def test_the_smallest_detectable_difference_has_the_power() -> None:
    for found in (design(1.0, 0.5, 0.2), design(1.0, 0.5, 0.0, seeds=2), design(1.0, 0.01, 0.5)):
        least = smallest_detectable(found)
        assert least is not None
        assert found.se is not None
        assert found.df is not None
        assert power(least, found.se, found.df) == pytest.approx(0.8)
    assert smallest_detectable(replace(design(1.0, 0.5, 0.2), se=None)) is None


def test_many_degrees_of_freedom_are_the_2_8_of_the_textbook() -> None:
    least = smallest_detectable(design(1.0, 0.0, 1.0, rows=100_000))
    assert least == pytest.approx(2.8016, abs=1e-3)


def test_more_seeds_by_statsmodels() -> None:
    from statsmodels.stats.power import TTestPower

    found = design(1.0, 0.8, 0.0)  # sd over seeds 1.6
    wanted = TTestPower().solve_power(1.0 / 1.6, power=0.8, alpha=0.05)
    assert more_seeds(found) == math.ceil(wanted) - 4
    assert more_rows(found) is None  # rows were never the trouble
    assert more_seeds(found, true=100.0) == 0


def test_more_rows_by_statsmodels() -> None:
    from statsmodels.stats.power import TTestPower

    found = design(0.2, 0.0, 0.1)  # sd over rows 1
    wanted = TTestPower().solve_power(0.2, power=0.8, alpha=0.05)
    assert more_rows(found) == math.ceil(wanted) - 100
    assert more_seeds(found) is None
    assert more_rows(design(0.0, 0.1, 0.1)) is None


def test_a_source_that_was_not_seen_cannot_be_planned() -> None:
    once = difference([[1.0, 2.0, 4.0]], [[0.0, 1.0, 1.0]])
    whole = difference([1.0, 2.0, 4.0], [0.0, 1.0, 1.0])
    assert once is not None
    assert whole is not None
    assert more_seeds(once) is None
    assert more_rows(whole) is None
    assert more_seeds(whole) is not None


def test_what_it_says_comes_true() -> None:
    random, true = np.random.default_rng(0), 0.5

    def drawn(seeds: int, rows: int) -> np.ndarray:
        return true + 0.5 * random.normal(size=(seeds, 1)) + random.normal(size=(1, rows))

    few = design(true, 0.5 / 2, 1 / math.sqrt(200), seeds=4, rows=200)
    more = more_seeds(few)
    assert more is not None
    told = []
    for _ in range(400):
        d = drawn(4 + more, 200)
        found = difference(d, np.zeros_like(d))
        assert found is not None
        assert found.p is not None
        told.append(found.p < 0.05)
    assert 0.74 < np.mean(told) < 0.9
