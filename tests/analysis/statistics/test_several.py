"""Corrections for several comparisons: by hand, against scipy and statsmodels."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.crossed import Difference, difference
from analysis.statistics.several import dunnett, holm


def a_difference(estimate: float, se: float, df: float) -> Difference:
    return Difference(estimate, None, se, se, None, df, 0.5, 3, None, None, "rows")


def test_holm_by_hand() -> None:
    told = holm([0.04, 0.01, None, 0.03])
    assert [c.p for c in told] == pytest.approx([0.06, 0.03, None, 0.06])
    assert {c.n_comparisons for c in told} == {3}
    assert holm([]) == []
    assert holm([0.7, 0.9])[0].p == 1.0


def test_holm_is_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    ps = np.random.default_rng(0).random(9) ** 2
    reference = multipletests(ps, method="holm")[1]
    assert [c.p for c in holm(ps.tolist())] == pytest.approx(reference.tolist())


@pytest.mark.parametrize("count", [1, 2, 5])
def test_dunnett_is_scipys_where_samples_are_independent_and_alike(count: int) -> None:
    random, n = np.random.default_rng(count), 6
    control = random.normal(size=n)
    samples = [random.normal(0.8 * i, 1, size=n) for i in range(count)]
    reference = stats.dunnett(*samples, control=control, rng=np.random.default_rng(0))
    spread = np.mean([np.var(x, ddof=1) for x in (*samples, control)])
    df = (count + 1) * (n - 1)
    given = [a_difference(x.mean() - control.mean(), np.sqrt(2 * spread / n), df) for x in samples]
    told = dunnett(given)
    assert [c.p for c in told] == pytest.approx(reference.pvalue.tolist(), abs=2e-3)
    low, high = reference.confidence_interval()
    assert [c.interval[0] for c in told if c.interval] == pytest.approx(low.tolist(), abs=0.02)
    assert [c.interval[1] for c in told if c.interval] == pytest.approx(high.tolist(), abs=0.02)
    assert {c.n_comparisons for c in told} == {count}


def test_one_comparison_is_the_t_test() -> None:
    found = difference([0.5, 0.6, 0.9], [0.4, 0.6, 0.5])
    assert found is not None
    (told,) = dunnett([found])
    assert told.p == pytest.approx(found.p, abs=1e-4)
    assert told.interval == pytest.approx(found.interval, rel=1e-2)


def test_few_degrees_of_freedom() -> None:
    (told,) = dunnett([a_difference(12.706, 1.0, 1.0)])
    assert told.p == pytest.approx(0.05, abs=5e-4)


def test_what_was_not_measured_is_not_a_comparison() -> None:
    told = dunnett([None, a_difference(1.0, 0.3, 8), a_difference(0.0, 0.0, 3)])
    assert [c.p is None for c in told] == [True, False, True]
    assert told[1].n_comparisons == 1
