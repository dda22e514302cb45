"""What the best of many noisy values is worth: by hand, and by simulation."""

import numpy as np
import pytest

from analysis.statistics.shrinkage import shrink


def test_by_hand() -> None:
    found = shrink([0.0, 1.0, 2.0, 3.0, 4.0], 0.0, seed_variance=1.0)
    assert found is not None
    of_all = (4 + 1 + 0) / 3  # of 0, 1, 2 about the middle
    assert found.kept == pytest.approx((of_all - 1) / of_all)
    assert found.shrunk == pytest.approx(2 - 2 * found.kept)
    assert found.optimism == pytest.approx(found.shrunk)
    mirrored = shrink([0.0, -1.0, -2.0, -3.0, -4.0], 0.0, 1.0, lower_is_better=False)
    assert mirrored is not None
    assert mirrored.shrunk == pytest.approx(-found.shrunk)
    assert mirrored.optimism == pytest.approx(found.optimism)


def test_few_trials_say_nothing() -> None:
    assert shrink([1.0, 2.0, 3.0, 4.0], 1.0, 0.1) is None
    assert shrink([1.0, 2.0, 3.0, 4.0, float("nan")], 1.0, 0.1) is None


def test_where_all_are_alike_nearly_all_is_noise() -> None:
    values = np.random.default_rng(0).normal(size=20)
    found = shrink(values.tolist(), float(values.min()), seed_variance=1.0)
    assert found is not None
    assert found.kept < 0.5


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_the_expected_optimism_is_the_optimism(noise: float) -> None:
    random, too_good, told = np.random.default_rng(1), [], []
    for _ in range(1500):
        true = random.normal(size=20)
        values = true + noise * random.normal(size=20)
        best = int(values.argmin())
        found = shrink(values.tolist(), float(values[best]), noise**2)
        assert found is not None
        too_good.append(true[best] - values[best])
        told.append(found.optimism)
    assert np.mean(told) == pytest.approx(np.mean(too_good), rel=0.25)
