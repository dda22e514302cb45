"""Grid and quasi-random points: pure functions of the sweep's seed and an index."""

import random
import time
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc as scipy_qmc

from sweeps.samplers import grid, qmc
from sweeps.samplers.permutation import shuffled
from sweeps.samplers.seeds import derive
from tests.sweeps.samplers.spaces import EVERYTHING, FINITE, LOG, space_of


def test_the_grid_has_every_point_once() -> None:
    space = space_of(FINITE)
    points = [grid.point(space, 3, index) for index in range(36)]
    assert grid.point(space, 3, 36) is None
    assert sorted(map(repr, points)) == sorted(map(repr, space.points()))
    assert points != list(space.points())
    assert points != [grid.point(space, 4, index) for index in range(36)]


def test_quasi_random_points_are_scipys_sobol_sequence() -> None:
    space = space_of({"x": {"min": -1.0, "max": 1.0}, "rate": LOG, "n": {"min": 1, "max": 10}})
    unit = scipy_qmc.Sobol(3, scramble=True, rng=9).random(64)
    for index in (0, 1, 2, 17, 63):
        x, rate, n = unit[index].tolist()
        found = qmc.point(space, 9, index)
        assert found is not None
        assert found["x"] == pytest.approx(-1 + 2 * x)
        assert found["rate"] == pytest.approx(exp(log(1e-5) + rate * log(100)))
        assert found["n"] == 1 + int(10 * n)


def test_quasi_random_points_are_even() -> None:
    space = space_of({"n": {"min": 1, "max": 8}, "c": {"values": ["a", "b"]}})
    points = [qmc.point(space, 0, index) for index in range(64)]
    pairs = [(p["n"], p["c"]) for p in points if p]
    assert {pairs.count(pair) for pair in pairs} == {4}  # 64 points on 16 pairs


def test_quasi_random_weights_are_uniform_on_the_simplex() -> None:
    space = space_of({"w": {"simplex": ["a", "b", "c", "d"]}})
    points = [qmc.point(space, 1, index) for index in range(256)]
    for name in "abcd":
        marginal = [p["w"][name] for p in points if p]
        assert stats.kstest(marginal, stats.beta(1, 3).cdf).pvalue > 1e-2


def test_inactive_parameters_leave_the_others_where_they_are() -> None:
    bare = {path: p for path, p in EVERYTHING.items() if path not in ("only_a", "deep")}
    unconditional = {**EVERYTHING, "only_a": {"min": 0.0, "max": 1.0}}
    for index in range(20):
        found = qmc.point(space_of(EVERYTHING), 0, index)
        other = qmc.point(space_of(unconditional), 0, index)
        assert found is not None
        assert other is not None
        assert {k: found[k] for k in bare} == {k: other[k] for k in bare}


def test_a_huge_range_is_not_written_out() -> None:
    space = space_of({"seed": {"min": 0, "max": 2**31 - 1}})
    start = time.monotonic()
    point = qmc.point(space, 0, 5)
    assert time.monotonic() - start < 2
    assert space.contains(point or {})


def test_derived_seeds() -> None:
    assert derive(1, 2) == derive(1, 2)
    assert len({derive(1, 2), derive(2, 1), derive(12), derive(1, 2, 0)}) == 4
    assert all(0 <= derive(i) < 2**31 for i in range(500))


@pytest.mark.parametrize("seed", [0, 7])
def test_the_order_of_a_grid_is_that_of_earlier_versions(seed: int) -> None:
    space = space_of(FINITE)
    order = list(space.points())
    random.Random(seed).shuffle(order)
    assert [grid.point(space, seed, index) for index in range(36)] == order


def test_a_huge_grid_is_not_listed() -> None:
    space = space_of({f"p{i}": {"values": list(range(10))} for i in range(12)})
    start = time.monotonic()
    points = [grid.point(space, 0, index) for index in range(50)]
    assert time.monotonic() - start < 1
    assert len({repr(point) for point in points}) == 50
    assert all(point and space.contains(point) for point in points)
    assert points != [grid.point(space, 1, index) for index in range(50)]
    assert grid.point(space, 0, 10**12) is None
    middles = [sum(p[f"p{i}"] for p in points if p) / 50 for i in range(12)]
    assert all(2.5 < middle < 6.5 for middle in middles)  # not the first corner


def test_a_grid_beyond_the_list_has_every_point_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "LISTED", 10)
    space = space_of(FINITE)
    points = [grid.point(space, 3, index) for index in range(36)]
    assert sorted(map(repr, points)) == sorted(map(repr, space.points()))
    assert grid.point(space, 3, 36) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.integers(0, 2**31))
def test_looked_up_numbers_are_a_permutation(size: int, seed: int) -> None:
    assert sorted(shuffled(n, size, seed) for n in range(size)) == list(range(size))
