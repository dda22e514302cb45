"""Configurations by number are those of the nested loops."""

import time
from typing import Any

import pytest

from search_spaces.errors import SpaceError
from tests.sweeps.samplers.spaces import FINITE, RANGES, space_of

SPACES: dict[str, dict[str, Any]] = {
    "empty": {},
    "free": {"a": {"min": 1, "max": 3}, "b": {"values": ["x", "y"]}, "c": {"value": 1}},
    "conditional": FINITE,
    "a chain": {
        "c": {"values": ["x", "y", "z"], "when": {"b": 1, "a": [2, 4, 5]}},
        "a": {"min": 1, "max": 6},
        "b": {"values": [1, 2], "when": {"a": [2, 4]}},
        "d": {"distribution": "q_uniform", "min": 0.1, "max": 0.5, "q": 0.2, "when": {"c": "z"}},
    },
    "two children": {
        "m": {"values": [["q"], ["q", "v"], None, True, 1]},
        "n": {"min": 1, "max": 2, "when": {"m": [["q", "v"]]}},
        "o": {"values": [1, 2, 3], "when": {"m": [True, None]}},
        "p": {"values": [8, 16], "when": {"o": [1.0, 3]}},
    },
}


@pytest.mark.parametrize("name", SPACES)
def test_the_numbers_are_those_of_nested_loops(name: str) -> None:
    space = space_of(SPACES[name])
    points = list(space.points())
    assert space.size() == space.count() == len(points)
    assert [space.at(number) for number in range(len(points))] == points
    for beyond in (-1, len(points)):
        with pytest.raises(IndexError):
            space.at(beyond)


def test_billions_of_values_and_conditions_on_them_are_not_listed() -> None:
    wide = {"seed": {"min": 0, "max": 2**70}, "k": {"values": [1, 2], "when": {"seed": [5, 9]}}}
    wide |= {f"p{i}": {"min": 0, "max": 10**6, "when": {"k": 2}} for i in range(4)}
    space = space_of(wide)
    start = time.monotonic()
    each = (10**6 + 1) ** 4
    assert space.size() == 2**70 + 1 - 2 + 2 * (1 + each)
    assert space.at(5) == {"seed": 5, "k": 1}
    assert space.at(6) == {"seed": 5, "k": 2, **{f"p{i}": 0 for i in range(4)}}
    assert space.at(6 + each) == {"seed": 6}
    assert space.at((space.size() or 0) - 1) == {"seed": 2**70}
    assert time.monotonic() - start < 1


def test_a_continuous_space_has_no_numbers() -> None:
    assert space_of(RANGES).size() is None
    with pytest.raises(SpaceError, match="continuous"):
        space_of(RANGES).at(0)
