"""Differences over seeds and rows: by hand, against scipy, and against statsmodels' MixedLM."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.crossed import difference, nested_difference
from analysis.statistics.seed_spread import SeedSpread, seed_spread


def drawn(s: int, r: int, sds: tuple[float, float, float], seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    of_seed, of_row, rest = sds
    return (
        0.3
        + of_seed * random.normal(size=(s, 1))
        + of_row * random.normal(size=(1, r))
        + rest * random.normal(size=(s, r))
    )


def test_by_hand() -> None:
    # d = [[1, 2], [3, 6]]: seeds' means 1.5, 4.5; rows' 2, 4; residuals +-0.5
    found = difference([[1.0, 2], [3, 6]], [[0.0, 0], [0, 0]])
    assert found is not None
    assert found.estimate == 3
    assert found.se_seeds == pytest.approx(math.sqrt(4.5 / 2))
    assert found.se_rows == pytest.approx(math.sqrt(2 / 2 - 1 / 4))
    assert found.se == pytest.approx(math.sqrt(2.25 + 0.75))
    # Satterthwaite: 3^2 / (2.25^2/1 + 1^2/1 + 0.25^2/1)
    assert found.df == pytest.approx(9 / (2.25**2 + 1 + 0.0625))
    assert found.p == pytest.approx(2 * stats.t.sf(3 / math.sqrt(3), found.df))
    half = stats.t.ppf(0.975, found.df) * math.sqrt(3)
    assert found.interval == pytest.approx((3 - half, 3 + half))
    assert (found.n_seeds, found.n_rows, found.n_groups, found.missing) == (2, 2, 2, "")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_is_what_a_mixed_model_with_crossed_effects_says(seed: int) -> None:
    import pandas as pd
    import statsmodels.api as sm

    d = drawn(6, 25, (0.5, 0.7, 0.4), seed)
    s, r = np.meshgrid(np.arange(6), np.arange(25), indexing="ij")
    frame = pd.DataFrame({"d": d.ravel(), "s": s.ravel(), "r": r.ravel()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = sm.MixedLM.from_formula(
            "d ~ 1",
            groups=np.ones(d.size),
            vc_formula={"s": "0 + C(s)", "r": "0 + C(r)"},
            data=frame,
        )
        fitted = model.fit(reml=True)
    found = difference(d, np.zeros_like(d))
    assert found is not None
    assert found.estimate == pytest.approx(fitted.fe_params.iloc[0], rel=1e-6)
    # in a balanced design REML is the analysis of variance, unless a variance is negative
    assert found.se == pytest.approx(fitted.bse.iloc[0], rel=2e-3)


def test_one_seed_is_a_paired_t_test_over_rows_and_says_what_is_missing() -> None:
    d = drawn(1, 30, (1.0, 0.5, 0.5))
    found, reference = difference(d, np.zeros_like(d)), stats.ttest_1samp(d[0], 0)
    assert found is not None
    assert found.p == pytest.approx(reference.pvalue)
    assert found.interval == pytest.approx(tuple(reference.confidence_interval()))
    assert (found.missing, found.se_seeds) == ("seeds", None)


def test_values_of_whole_runs_are_a_paired_t_test_over_seeds() -> None:
    a, b = [0.5, 0.6, 0.7, 0.4], [0.4, 0.6, 0.5, 0.35]
    found, reference = difference(a, b), stats.ttest_rel(a, b)
    assert found is not None
    assert found.p == pytest.approx(reference.pvalue)
    assert found.interval == pytest.approx(tuple(reference.confidence_interval()))
    assert (found.missing, found.se_rows, found.n_rows) == ("rows", None, None)


def test_a_single_row_of_several_seeds_leaves_rows_unknown() -> None:
    found = difference([[1.0], [1.2], [1.1]], [[0.9], [1.0], [1.1]])
    assert found is not None
    assert (found.missing, found.se_rows) == ("rows", None)


def test_one_seed_and_one_row_say_nothing() -> None:
    for value in ([[1.0]], [1.0]):
        found = difference(value, np.zeros_like(value))
        assert found is not None
        assert (found.estimate, found.interval, found.se, found.p) == (1.0, None, None, None)
        assert found.missing == "both"


def test_what_never_varies_is_no_certainty() -> None:
    found = difference(np.full((3, 4), 2.0), np.full((3, 4), 1.0))
    assert found is not None
    assert (found.estimate, found.interval, found.p, found.se) == (1.0, None, None, 0.0)


def test_seeds_that_one_lacks_are_left_out_and_counted() -> None:
    d = drawn(4, 10, (1.0, 0.5, 0.5))
    gaps = d.copy()
    gaps[2] = np.nan
    found = difference(gaps, np.zeros_like(d))
    assert found is not None
    assert (found.n_seeds, found.left_out) == (3, 1)
    assert found.estimate == pytest.approx(d[[0, 1, 3]].mean())
    assert difference([np.nan, 1.0], [1.0, np.nan]) is None
    assert difference([], []) is None


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="shapes"):
        difference([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="3 groups of 2 rows"):
        difference([[1.0, 2.0]], [[0.0, 0.0]], groups="abc")


def test_rows_that_are_copies_count_once() -> None:
    d = drawn(5, 12, (0.3, 1.0, 0.5))
    twice = np.repeat(d, 3, axis=1)
    once = difference(d, np.zeros_like(d))
    grouped = difference(twice, np.zeros_like(twice), groups=[i // 3 for i in range(36)])
    naive = difference(twice, np.zeros_like(twice))
    assert once is not None
    assert grouped is not None
    assert naive is not None
    assert grouped.se_rows == pytest.approx(once.se_rows)
    assert grouped.df == pytest.approx(once.df)
    assert (grouped.n_rows, grouped.n_groups) == (36, 12)
    assert naive.se_rows is not None
    assert once.se_rows is not None
    assert naive.se_rows < 0.7 * once.se_rows


def test_groups_of_a_single_seed_are_the_clustered_standard_error() -> None:
    import statsmodels.api as sm

    d, of = drawn(1, 40, (0.0, 1.0, 1.0)), np.random.default_rng(3).integers(0, 9, 40)
    found = difference(d, np.zeros_like(d), groups=of.tolist())
    fitted = sm.OLS(d[0], np.ones(40)).fit(
        cov_type="cluster", cov_kwds={"groups": of, "use_correction": False}
    )
    assert found is not None
    assert found.se == pytest.approx(fitted.bse[0] * math.sqrt(9 / 8))


def test_rows_nested_in_seeds_by_hand() -> None:
    # seeds' means 1, 3, 2; within: variances 2, 0, 2 of two rows each
    first = [[0.0, 2.0], [3.0, 3.0], [1.0, 3.0]]
    found = nested_difference(first, [[0.0, 0.0]] * 3)
    assert found is not None
    assert found.estimate == 2
    assert found.se == pytest.approx(math.sqrt(1 / 3))
    assert found.df == 2
    assert found.se_rows == pytest.approx(math.sqrt((1 + 0 + 1) / 9))
    assert found.se_seeds == pytest.approx(math.sqrt(1 / 3 - 2 / 9))
    again = nested_difference(first, [[0.0, 0.0]] * 3, resampled=0.25)
    assert again is not None
    assert again.se == pytest.approx(math.sqrt(1 / 3 * (1 + 3 * 0.25)))


def test_one_split_alone_is_over_its_rows() -> None:
    found = nested_difference([[1.0, 2.0, 4.0]], [[0.0, 0.0, 0.0]])
    assert found is not None
    assert found.missing == "seeds"
    assert found.p == pytest.approx(stats.ttest_1samp([1.0, 2.0, 4.0], 0).pvalue)
    assert nested_difference([[np.nan]], [[1.0]]) is None


def test_a_moderated_difference_lies_between_its_own_and_the_common_spread() -> None:
    spread = SeedSpread(variance=4.0, df=4, df_pooled=8, n_candidates=5)
    assert spread.moderate(1.0, 2) == (pytest.approx((4 * 4 + 2 * 1) / 6), 6)
    assert spread.moderate(1.0, 20)[1] == 8  # never more than all runs together have
    found = difference([1.0, 3.0], [0.0, 0.0], spread=spread)
    assert found is not None
    assert found.se == pytest.approx(math.sqrt((4 * 4 + 1 * 2.0) / 5 / 2))
    assert found.df == 5


def test_one_seed_borrows_all_of_its_spread() -> None:
    spread = SeedSpread(variance=4.0, df=4, df_pooled=8, n_candidates=5)
    found = difference([1.0], [0.0], spread=spread)
    assert found is not None
    assert (found.se, found.df, found.missing) == (2.0, 4, "rows")


def test_the_spread_is_the_residual_of_the_two_way_table() -> None:
    y = np.random.default_rng(1).normal(size=(6, 5)) + np.arange(5)
    spread = seed_spread(y)
    assert spread is not None
    rest = y - y.mean(1, keepdims=True) - y.mean(0) + y.mean()
    assert spread.df_pooled == 5 * 4
    assert spread.df == 10
    assert spread.variance == pytest.approx(2 * (rest**2).sum() / 20)  # a difference is of two


def test_the_spread_of_a_table_with_gaps_is_least_squares() -> None:
    import pandas as pd
    import statsmodels.formula.api as smf

    y = np.random.default_rng(2).normal(size=(4, 4))
    y[0, 3] = y[2, 1] = np.nan
    c, s = np.meshgrid(np.arange(4), np.arange(4), indexing="ij")
    frame = pd.DataFrame({"y": y.ravel(), "c": c.ravel(), "s": s.ravel()}).dropna()
    fitted = smf.ols("y ~ C(c) + C(s)", frame).fit()
    spread = seed_spread(y)
    assert spread is not None
    assert spread.df_pooled == fitted.df_resid
    assert spread.variance == pytest.approx(2 * fitted.mse_resid)


def test_there_must_be_somebody_to_borrow_from() -> None:
    assert seed_spread([[1.0, 2.0], [1.0, 3.0]]) is None
    assert seed_spread([[1.0, 2.0, np.nan], [1.0, 3.0, 1.0]]) is None
    assert seed_spread([[1.0], [2.0], [3.0]]) is None
    nothing = seed_spread([[1.0, 2.0]] * 4)  # the seed's effect is the same for all
    assert nothing is not None
    assert nothing.variance == pytest.approx(0)
