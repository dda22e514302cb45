"""Distributions hold what they say they hold."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from search_spaces.distributions import (
    Categorical,
    Constant,
    IntUniform,
    LogUniform,
    Simplex,
    Uniform,
    is_numerical,
)

positive = st.floats(1e-6, 1e6)


@given(st.tuples(positive, positive), st.floats(0, 1))
def test_a_range_holds_every_number_between_its_ends_and_none_outside(
    ends: tuple[float, float], share: float
) -> None:
    low, high = min(ends), max(ends) * 1.01
    inside = low + share * (high - low)
    for distribution in (Uniform(low, high), LogUniform(low, high)):
        assert distribution.contains(inside)
        assert distribution.contains(math.exp(math.log(high)))
        assert not distribution.contains(high * 1.001)
        assert not distribution.contains(low * 0.999)


@given(st.integers(-50, 50), st.integers(1, 60), st.sampled_from([1, 2, 5, 0.1, 0.25, 0.3]))
def test_steps_are_the_multiples_within_the_range(low: int, width: int, q: float) -> None:
    distribution = Uniform(float(low), float(low + width), q)
    points = list(distribution.points() or ())
    assert len(points) == distribution.size()
    assume(points)  # a parameter without any is refused
    assert all(low <= point <= low + width and distribution.contains(point) for point in points)
    assert all(math.isclose(b - a, q) for a, b in pairwise(points))
    assert not distribution.contains(points[0] + q / 2)
    assert points[0] - q < low
    assert points[-1] + q > low + width


@given(st.floats(-10, 300))
def test_rounding_stays_within_the_range(number: float) -> None:
    distribution = LogUniform(3.0, 100.0, 8)
    value = distribution.quantise(number)
    assert isinstance(value, int)
    assert distribution.contains(value)
    assert abs(value - min(max(number, 8), 96)) <= 4


def test_multiples_are_decimal() -> None:
    assert list(Uniform(0.0, 0.3, 0.1).points() or ()) == [0.0, 0.1, 0.2, 0.3]


def test_integers() -> None:
    distribution = IntUniform(4, 16, 4)
    assert list(distribution.points()) == [4, 8, 12, 16]
    assert distribution.size() == 4
    assert distribution.contains(8.0)
    assert not any(map(distribution.contains, (6, 8.5, 20, "8", True, None)))


def test_choices_are_json_values() -> None:
    distribution = Categorical((["q_proj"], {"a": 1}, 1, None))
    assert all(map(distribution.contains, (("q_proj",), {"a": 1.0}, 1.0, None)))
    assert not any(map(distribution.contains, (["v_proj"], {}, True, "1")))


def test_true_is_not_one() -> None:
    assert Constant(True).contains(True)
    assert not Constant(True).contains(1)
    assert not Constant(1).contains(True)


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=3, max_size=3))
def test_weights_are_on_the_simplex(draws: list[float]) -> None:
    simplex = Simplex(("a", "b", "c"))
    assert simplex.contains(simplex.weights(dict(zip("abc", draws, strict=True))))


def test_what_is_no_weighting() -> None:
    simplex = Simplex(("a", "b"))
    assert simplex.contains({"a": 1, "b": 0})
    for wrong in ({"a": 1}, {"a": 0.6, "b": 0.6}, {"a": 2, "b": -1}, 1, {"a": True, "b": 0}):
        assert not simplex.contains(wrong)


@pytest.mark.parametrize(
    ("distribution", "text", "size"),
    [
        (Constant("x"), "always x", 1),
        (Categorical((4, [1])), "one of 4, [1]", 2),
        (Categorical(tuple(range(1000))), "one of 1,000: 0, 1, 2, … 999", 1000),
        (IntUniform(1, 8), "integer 1 … 8", 8),
        (Uniform(0.0, 1.0), "uniform 0.0 … 1.0", None),
        (LogUniform(1e-5, 1e-3), "log-uniform 1e-05 … 0.001", None),
        (LogUniform(1.0, 8.0, 2), "log-uniform 1.0 … 8.0 in steps of 2", 4),
        (Simplex(("a", "b")), "weights of a, b that sum to 1", None),
    ],
)
def test_description_size_and_probes(distribution, text: str, size: int | None) -> None:
    assert distribution.describe() == text
    assert distribution.size() == size
    assert all(map(distribution.contains, distribution.probes()))
    assert is_numerical(distribution) == (not isinstance(distribution, Constant | Categorical))
