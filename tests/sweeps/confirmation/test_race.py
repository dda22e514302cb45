"""The race: who leads, who is dropped, when it is over; by hand and against scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.crossed import difference
from sweeps.confirmation.belief import belief, draws
from sweeps.confirmation.race import (
    Standing,
    clear,
    covariance_of_rows,
    drops,
    standing,
)

POOL = [1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 9.0]


def named(now: Standing) -> dict[str, float]:
    return {c.name: c.best for c in now.candidates}


def test_without_a_prior_two_candidates_are_a_paired_t_test() -> None:
    a, b = [1.0, 1.3, 1.1, 0.9], [1.2, 1.4, 1.5, 1.0]
    now = standing([], {}, {"A": a, "B": b})
    t = stats.ttest_rel(a, b)
    assert now.between_sd is None
    assert now.df == 3
    assert now.candidates[1].beaten == pytest.approx(1 - t.pvalue / 2, abs=0.005)
    assert sum(named(now).values()) == pytest.approx(1)
    low, high = stats.ttest_rel(b, a).confidence_interval()
    assert now.candidates[1].apart == pytest.approx((low, high), abs=0.02)
    assert now.leader.apart == (0.0, 0.0)


def test_the_seeds_noise_is_the_residual_mean_square() -> None:
    # by hand: means 1.5, 3.5, 2.25; residuals of the 2 x 2 x .. table below
    table = {"A": [1.0, 2.0], "B": [3.0, 4.0], "C": [2.0, 2.5]}
    now = standing([], {}, table)
    y = np.array(list(table.values()))
    rest = y - y.mean(1, keepdims=True) - y.mean(0) + y.mean()
    assert now.seed_sd == pytest.approx(math.sqrt((rest**2).sum() / 2))
    assert now.df == 2


def test_shrinks_towards_the_middle_of_all_trials_by_the_normal_model() -> None:
    table = np.array([[math.nan, 1.0, 1.2], [math.nan, 1.5, 1.5], [math.nan, 1.4, 1.6]])
    pool = np.array(POOL)
    found = belief(table, np.zeros(3, dtype=int), pool)
    spread = (0.36 + 0.16 + 0.04 + 0) / 4  # of 1.0, 1.2, 1.4, 1.6 about the median 1.6
    assert found.between is not None
    assert found.between**2 == pytest.approx(1.3 * max(spread - found.variance, found.variance / 2))
    keep = found.between**2 / (found.between**2 + found.variance / 2)
    assert found.mean == pytest.approx(1.6 + keep * (table[:, 1:].mean(axis=1) - 1.6))


def test_higher_is_better_is_the_mirror() -> None:
    fresh = {"A": [0.8, 0.82], "B": [0.7, 0.69], "C": [0.75, 0.71]}
    low = standing([-v for v in POOL], {}, {k: [-x for x in v] for k, v in fresh.items()})
    high = standing(POOL, {}, fresh, lower_is_better=False)
    assert named(low) == named(high)
    assert [c.mean for c in high.candidates] == pytest.approx([-c.mean for c in low.candidates])
    for up, down in zip(high.candidates, low.candidates, strict=True):
        assert up.apart == (-down.apart[1], -down.apart[0])


def test_a_failed_seed_counts_against_its_configuration_and_adds_no_noise() -> None:
    fresh = {"A": [1.0, 1.1, 1.05], "B": [1.2, 1.3, 1.25], "C": [1.4, 1.5, 1.4]}
    for bad in (None, math.nan, math.inf):
        now = standing(POOL, {}, {**fresh, "A": [1.0, bad, 1.05]})
        assert now.leader.name == "B"
        last = next(c for c in now.candidates if c.name == "A")
        assert (last.failed, last.runs) == (1, 2)
        assert now.seed_sd < 0.1


def test_all_seeds_of_a_candidate_failed() -> None:
    now = standing(POOL, {}, {"A": [None, None], "B": [1.2, 1.3], "C": [1.4, 1.45]})
    assert now.candidates[-1].name == "A"
    assert now.candidates[-1].best < 0.02


def test_a_baseline_stays_until_the_leader_is_clear_against_it() -> None:
    fresh = {"A": [1.0, 1.3], "B": [1.42, 1.51], "C": [2.5, 2.4], "D": [2.5, 2.6]}
    now = standing(POOL, {}, fresh, baselines=["B", "D"])
    assert {"C", "D"} <= set(drops(now, bound=0.3))
    assert "B" not in drops(now, bound=0.3)
    assert "B" in drops(standing(POOL, {}, fresh), bound=0.3)
    assert not clear(now, bound=0.3)  # sure enough of the best, not of the baseline
    assert clear(standing(POOL, {}, fresh), bound=0.3)


def test_the_leader_is_never_dropped_and_one_alone_has_won() -> None:
    alike = standing(POOL, {}, {n: [1.0, 1.0] for n in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
    assert alike.leader.name not in drops(alike)
    assert clear(standing(POOL, {"A": 1.0}, {"A": []}))
    with pytest.raises(ValueError, match="no candidates"):
        standing(POOL, {}, {})


def test_rows_keep_the_race_open_where_seeds_alone_would_end_it() -> None:
    fresh = {"A": [1.0, 1.01, 1.0], "B": [1.1, 1.11, 1.12]}
    assert clear(standing(POOL, {}, fresh))
    wide = [[0.01, -0.01], [-0.01, 0.01]]
    assert not clear(standing(POOL, {}, fresh, row_covariance=wide))


def test_covariance_of_rows_is_that_of_differences() -> None:
    y = np.random.default_rng(0).normal(size=(3, 50)) + np.arange(50)
    c = covariance_of_rows(y)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        variance = c[a, a] + c[b, b] - 2 * c[a, b]
        assert variance == pytest.approx(np.var(y[a] - y[b], ddof=1) / 50)
    thrice = np.repeat(y, 3, axis=1)
    assert covariance_of_rows(thrice, [i // 3 for i in range(150)]) == pytest.approx(c)


def test_candidates_with_fewer_seeds_are_compared_on_those_they_share() -> None:
    # seeds 3 and 4 are hard for all: C, which did not run them, is not the better for it
    fresh = {"A": [1.0, 1.1, 3.0, 3.1], "B": [1.3, 1.35, 3.35, 3.4], "C": [2.0, 2.05]}
    now = standing([], {}, fresh)
    assert [c.name for c in now.candidates] == ["A", "B", "C"]
    assert now.candidates[2].mean - now.leader.mean == pytest.approx(0.975, abs=0.02)


def test_the_same_inputs_give_the_same_decisions() -> None:
    fresh = {"A": [1.0, 1.1], "B": [1.05, 1.2], "C": [1.4, 1.2]}
    assert standing(POOL, {"A": 0.9}, fresh) == standing(POOL, {"A": 0.9}, fresh)


def test_draws_are_of_the_t_distribution() -> None:
    drawn = draws(3, 4.0)
    for level in (0.1, 0.5, 0.975):
        assert np.quantile(drawn[:, 1], level) == pytest.approx(stats.t.ppf(level, 4), abs=0.06)


def test_before_any_seed_the_search_alone_is_unsure() -> None:
    now = standing(POOL, {"A": 1.0, "B": 1.2}, {"A": [], "B": []})
    assert now.leader.name == "A"
    assert not clear(now)
    assert drops(now) == ()
    once = standing([0.0, 0.1, 0.2, 9.0, 9.1], {}, {"A": [0.0], "B": [9.0]})
    assert not once.measured
    assert not clear(once, bound=0.5)
    assert drops(once, bound=0.5) == ()


def test_it_is_over_when_everybody_else_would_be_dropped() -> None:
    fresh = {"A": [1.0, 1.3], "B": [1.55, 1.7], "C": [1.55, 1.7], "D": [1.55, 1.7]}
    now = standing(POOL, {}, fresh)
    bound = max(c.best for c in now.candidates[1:]) + 0.001
    assert now.leader.best < 1 - bound
    assert clear(now, bound=bound)


def test_two_seeds_do_not_make_the_rows_error_unknown() -> None:
    """The interval of a belief without a pool is about that of the paired difference."""
    random = np.random.default_rng(3)
    rows = random.normal(0, 0.3, size=(2, 1, 60))  # what each candidate makes of each row
    runs = np.array([[[1.0]], [[2.0]]]) + rows + random.normal(0, 0.02, size=(2, 2, 60))
    values = dict(zip("AB", runs.mean(axis=2).tolist(), strict=True))
    now = standing([], {}, values, row_covariance=covariance_of_rows(runs.mean(axis=1)), row_df=59)
    low, high = now.candidates[1].apart
    paired = difference(runs[1], runs[0])
    assert paired is not None
    assert paired.interval is not None
    width = paired.interval[1] - paired.interval[0]
    assert 0.8 * width < high - low < 1.5 * width


def test_as_many_answers_right_of_other_questions() -> None:
    """No value varies and the rows do: nothing is inverted that has no inverse, and no prior says
    that other rows would be alike as well."""
    right = np.array([[1.0, 1, 0, 0, 1, 0], [0, 0, 1, 1, 1, 0]])
    rows = covariance_of_rows(right)
    for pool in ([0.5] * 6, [0.5] * 5 + [0.500001]):
        now = standing(pool, {}, {"A": [0.5] * 2, "B": [0.5] * 2}, row_covariance=rows, row_df=5)
        assert all(math.isfinite(end) for c in now.candidates for end in c.apart)
    (_, second) = standing(
        [0.5] * 6, {}, {"A": [0.5] * 2, "B": [0.5] * 2}, row_covariance=rows, row_df=5
    ).candidates
    assert second.apart[0] < -0.5 < 0.5 < second.apart[1]
