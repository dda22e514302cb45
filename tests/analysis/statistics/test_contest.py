"""A leader against the others: what is told apart, and for how many comparisons."""

import math

import numpy as np
import pytest

from analysis.statistics.contest import contest
from analysis.statistics.crossed import difference
from analysis.statistics.seed_spread import seed_spread
from sweeps.confirmation.race import covariance_of_rows, standing

RUNS = {"A": [1.0, 1.1, 1.0], "B": [3.0, 3.0, 3.1], "C": [2.0, 2.2, 2.1], "D": [1.05, 1.1, 1.0]}


def test_each_is_the_difference_with_the_seeds_of_all() -> None:
    told = contest(RUNS, "A", baselines=["B"])
    spread = seed_spread(list(RUNS.values()))
    assert told.spread == spread
    assert told.against["C"] == difference(RUNS["A"], RUNS["C"], spread=spread)
    assert told.to_baseline["B"]["A"] == difference(RUNS["A"], RUNS["B"], spread=spread)
    assert {c.n_comparisons for c in told.corrected.values()} == {3}
    assert told.tied == ("D",)
    assert not told.clear
    assert told.better_than("B")


def test_higher_is_better() -> None:
    told = contest(RUNS, "B", baselines=["A"], lower_is_better=False)
    assert told.clear
    assert told.better_than("A", lower_is_better=False)
    assert not told.better_than("A")


def test_a_leader_that_is_worse_is_tied_with_the_better() -> None:
    assert contest(RUNS, "B").tied == ("A", "C", "D")


def test_one_that_was_dropped_early_is_compared_on_its_seeds() -> None:
    told = contest({**RUNS, "C": [2.0, 2.2]}, "A")
    found = told.against["C"]
    assert found is not None
    assert (found.n_seeds, found.left_out) == (2, 1)


def test_what_failed_or_never_ran_cannot_be_told_apart() -> None:
    told = contest({"A": [1.0, 1.1], "B": [math.nan, math.nan], "C": [4.0, 4.2]}, "A", ["B"])
    assert told.against["B"] is None
    assert told.tied == ("B",)
    assert not told.better_than("B")


def test_rows_are_kept_row_by_row() -> None:
    random = np.random.default_rng(0)
    runs = {n: random.normal(i, 0.1, size=(3, 40)) for i, n in enumerate("ABC")}
    told = contest(runs, "A", groups=[i // 4 for i in range(40)])
    assert told.clear
    found = told.against["B"]
    assert found is not None
    assert (found.n_rows, found.n_groups) == (40, 10)
    assert found.estimate == pytest.approx(runs["A"].mean() - runs["B"].mean())


def test_beliefs_are_the_race_s_with_the_rows_error() -> None:
    random = np.random.default_rng(0)
    runs = {n: random.normal(i / 100, 0.1, size=(3, 40)) for i, n in enumerate("ABC")}
    search = {"A": 0.0, "B": 0.01}
    pool = [0.0, 0.01, 0.02, 0.2, 0.3]
    told = contest(runs, "A", searched=pool, search=search)
    values = {n: y.mean(axis=1).tolist() for n, y in runs.items()}
    rows = covariance_of_rows(np.mean(list(runs.values()), axis=1))
    assert told.believed == standing(pool, search, values, row_covariance=rows, row_df=39)
    alone = contest({n: y.mean(axis=1) for n, y in runs.items()}, "A", searched=pool)
    assert alone.believed == standing(pool, {}, values)
