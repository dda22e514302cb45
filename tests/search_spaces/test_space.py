"""Spaces: conditions, membership, counting, and what is wrong between parameters."""

from typing import Any

import pytest

from search_spaces.errors import SpaceError
from search_spaces.parameters import Parameter
from search_spaces.space import ParameterRow, Space, build_space, space_problems


def parameters(**given: dict[str, Any]) -> dict[str, Parameter]:
    return {name: Parameter.model_validate(value) for name, value in given.items()}


@pytest.fixture
def space() -> Space:
    return build_space(
        parameters(
            deep={"values": [1, 2], "when": {"child": "x"}},
            child={"values": ["x", "y"], "when": {"top": [2, 3]}},
            top={"values": [1, 2, 3]},
            free={"values": [0, 1]},
        )
    )


def test_parents_come_first(space: Space) -> None:
    assert space.order == ("top", "child", "deep", "free")


def test_activity_follows_the_chain(space: Space) -> None:
    assert space.is_active("deep", {"top": 2, "child": "x"})
    assert not space.is_active("deep", {"top": 1, "child": "x"})
    assert not space.is_active("deep", {"child": "x"})
    assert space.is_active("top", {})


def test_counting_agrees_with_the_points(space: Space) -> None:
    points = list(space.points())
    assert space.size() == len(points) == 2 * (1 + 2 * (2 + 1))
    assert len({repr(point) for point in points}) == len(points)
    assert all(map(space.contains, points))


def test_membership(space: Space) -> None:
    whole = {"top": 2, "child": "y", "free": 0}
    assert space.contains(whole)
    assert not space.contains({**whole, "deep": 1})  # inactive
    assert not space.contains({"top": 2, "free": 0})  # child is missing
    assert not space.contains({**whole, "free": 7})
    assert not space.contains({**whole, "other": 7})


def test_problems_of_a_baseline(space: Space) -> None:
    assert space.problems_with({}) == []
    assert space.problems_with({"child": "x"}, own={"top": 2}) == []
    found = space.problems_with({"child": "x", "free": 7, "fre": 1}, own={"top": 1})
    assert [(p.field, p.value) for p in found] == [("child", "x"), ("free", 7), ("fre", 1)]
    assert "only when top is 2 or 3" in found[0].message
    assert "one of 0, 1" in found[1].message
    assert found[2].fix == "Did you mean `free`?"


def test_rows(space: Space) -> None:
    assert space.rows()[1] == ParameterRow("child", "one of x, y", "top is 2 or 3")
    assert space.rows()[3] == ParameterRow("free", "one of 0, 1", "")


def test_an_empty_space_has_one_point() -> None:
    space = build_space({})
    assert (space.size(), list(space.points())) == (1, [{}])
    assert space.contains({})


def test_a_continuous_space_has_no_size() -> None:
    space = build_space(parameters(a={"min": 0.0, "max": 1.0}))
    assert space.size() is None
    with pytest.raises(SpaceError, match="continuous"):
        list(space.points())


def test_large_spaces_are_counted_without_listing_them() -> None:
    names = [f"p{i}" for i in range(12)]
    space = build_space({n: Parameter.model_validate({"min": 1, "max": 10**6}) for n in names})
    assert space.size() == 10**72


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"a": {"value": 1, "when": {"b": 1}}}, "a.when.b", "not a parameter"),
        (
            {"a": {"value": 1, "when": {"b": 3}}, "b": {"values": [1, 2]}},
            "a.when.b",
            "never hold",
        ),
        (
            {"a": {"value": 1, "when": {"b": 1}}, "b": {"value": 1, "when": {"a": 1}}},
            "a.when",
            "circle: a → b → a",
        ),
        ({"a": {"value": 1, "when": {"a": 1}}}, "a.when", "circle: a → a"),
    ],
)
def test_conditions_that_cannot_hold(given: dict[str, Any], field: str, message: str) -> None:
    found = space_problems(parameters(**given))
    assert [problem.field for problem in found] == [field]
    assert message in found[0].message
    with pytest.raises(SpaceError, match=r"\."):
        build_space(parameters(**given))
