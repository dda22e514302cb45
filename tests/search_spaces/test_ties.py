"""A parameter that is a multiple of another: sampled as a factor, given as a product."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.errors import SpaceError
from search_spaces.parameters import Parameter
from search_spaces.space import Space, build_space

RANKS = {"values": [8, 16, 32]}
ALPHA = {"times": "r", "values": [1, 2]}


def space(**given: dict[str, Any]) -> Space:
    return build_space({name: Parameter.model_validate(p) for name, p in given.items()})


def test_every_rank_meets_every_factor() -> None:
    found = space(alpha=ALPHA, r=RANKS)  # written before what it is tied to
    assert found.size() == 6
    points = list(found.points())
    assert sorted((p["r"], p["alpha"]) for p in points) == [
        (8, 8), (8, 16), (16, 16), (16, 32), (32, 32), (32, 64),
    ]  # fmt: skip
    assert [found.at(number) for number in range(6)] == points
    assert all(found.contains(point) for point in points)


@pytest.mark.parametrize(
    ("alpha", "inside"), [(16, True), (32, True), (8, False), (17, False), ("16", False)]
)
def test_a_product_is_inside_where_its_factor_is(alpha: Any, inside: bool) -> None:
    found = space(r=RANKS, alpha=ALPHA)
    assert found.contains({"r": 16, "alpha": alpha}) is inside
    problems = found.problems_with({"r": 16, "alpha": alpha})
    assert bool(problems) is not inside
    assert all("r times one of 1, 2" in p.message for p in problems)


def test_a_baseline_may_leave_the_other_to_the_trial() -> None:
    found = space(r=RANKS, alpha=ALPHA)
    assert found.problems_with({"alpha": 48}, {"r": 24}) == []
    assert found.problems_with({"alpha": 16}, {"r": 24}) != []


def test_factors_and_products_are_each_other_s_inverse() -> None:
    found = space(
        rate={"min": 1e-5, "max": 1e-3, "distribution": "log_uniform_values"},
        decay={"times": "rate", "values": [0.1, 3]},
        twice={"times": "decay", "value": 2},
    )
    for rate in (1e-5, 3.3e-4, 1e-3):
        sampled = {"rate": rate, "decay": 3, "twice": 2}
        products = found.in_products(sampled)
        assert products["decay"] == pytest.approx(3 * rate)
        assert products["twice"] == pytest.approx(6 * rate)
        assert found.in_factors(products) == sampled
        assert found.contains(products)


def test_whole_products_of_whole_numbers_are_whole() -> None:
    found = space(r=RANKS, alpha={"times": "r", "values": [0.5, 2.0]})
    assert {type(p["alpha"]) for p in found.points()} == {int}
    assert found.parameters["alpha"].probes() == (4, 16, 8, 32, 64)


@pytest.mark.parametrize(
    ("given", "field", "what"),
    [
        ({"alpha": {"times": "rr", "values": [1]}, "r": RANKS}, "alpha.times", "no parameter"),
        ({"a": {"times": "a", "values": [1]}}, "a.times", "circle"),
        (
            {"a": {"times": "b", "value": 1}, "b": {"times": "a", "value": 1}},
            "a.times",
            "ties form a circle: a → b → a",
        ),
        ({"a": {"times": "b", "value": 1}, "b": {"values": ["x"]}}, "a.times", "a number"),
        (
            {"r": {**RANKS, "when": {"q": 1}}, "q": {"values": [1, 2]}, "alpha": ALPHA},
            "alpha.times",
            "not there in every trial",
        ),
        (
            {"r": RANKS, "alpha": ALPHA, "x": {"values": [1, 2], "when": {"alpha": 16}}},
            "x.when.alpha",
            "multiple of another",
        ),
    ],
)
def test_what_cannot_be_tied(given: dict[str, Any], field: str, what: str) -> None:
    with pytest.raises(SpaceError) as refused:
        space(**given)
    assert refused.value.field == field
    assert what in refused.value.message
    assert refused.value.fix


def test_the_same_condition_is_enough() -> None:
    when = {"when": {"q": 1}}
    found = space(r={**RANKS, **when}, alpha={**ALPHA, **when}, q={"values": [1, 2]})
    assert found.size() == 7


@pytest.mark.parametrize("given", [{"values": ["a"]}, {"simplex": ["a", "b"]}, {"value": True}])
def test_factors_are_numbers(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Parameter.model_validate({"times": "r", **given})
