"""W&B's syntax becomes distributions, or an error that says how to write it."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.distributions import (
    Categorical,
    Constant,
    IntUniform,
    LogUniform,
    Simplex,
    Uniform,
)
from search_spaces.parameters import Parameter

LOG, QLOG = "log_uniform_values", "q_log_uniform_values"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"value": 3}, Constant(3)),
        ({"value": None}, Constant(None)),
        ({"value": [1], "distribution": "constant"}, Constant([1])),
        ({"values": [1, "a", [2]]}, Categorical((1, "a", [2]))),
        ({"values": [True, 1], "distribution": "categorical"}, Categorical((True, 1))),
        ({"min": 1, "max": 8}, IntUniform(1, 8)),
        ({"min": 1, "max": 8.0}, Uniform(1.0, 8.0)),
        ({"min": 0, "max": 8, "distribution": "uniform"}, Uniform(0.0, 8.0)),
        ({"min": 0, "max": 8, "distribution": "q_uniform", "q": 4}, IntUniform(0, 8, 4)),
        ({"min": 0, "max": 8, "distribution": "q_uniform"}, IntUniform(0, 8, 1)),
        ({"min": 0, "max": 0.5, "distribution": "q_uniform", "q": 0.1}, Uniform(0.0, 0.5, 0.1)),
        ({"min": 1e-5, "max": 1e-3, "distribution": LOG}, LogUniform(1e-5, 1e-3)),
        ({"min": 4, "max": 64, "distribution": QLOG, "q": 4}, LogUniform(4.0, 64.0, 4)),
        ({"simplex": ["a", "b"]}, Simplex(("a", "b"))),
    ],
)
def test_syntax(given: dict[str, Any], expected: object) -> None:
    parameter = Parameter.model_validate(given)
    assert parameter.to_distribution() == expected
    assert parameter.model_dump(mode="json") == given


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({}, "", "says nothing"),
        ({"distribution": "uniform"}, "", "says nothing"),
        ({"value": 1, "values": [1]}, "", "value and values"),
        ({"values": [1], "max": 3}, "", "values and min"),
        ({"min": 2, "max": 2}, "min", "below max"),
        ({"min": 3, "max": 2}, "min", "below max"),
        ({"min": 3}, "max", "missing"),
        ({"max": 3}, "min", "missing"),
        ({"min": 0, "max": 1, "distribution": LOG}, "min", "above 0"),
        ({"min": -1, "max": 1, "distribution": QLOG}, "min", "above 0"),
        ({"min": 1.5, "max": 3, "distribution": "int_uniform"}, "min", "whole"),
        ({"min": 1, "max": 3, "q": 1}, "q", "q_ distribution"),
        ({"min": 1, "max": 3, "q": 0, "distribution": "q_uniform"}, "q", "above 0"),
        ({"min": 1.1, "max": 1.9, "q": 1, "distribution": "q_uniform"}, "q", "no multiple"),
        ({"values": [1], "q": 1}, "q", "range"),
        ({"values": []}, "values", "no value"),
        ({"values": [1, 2, 1.0]}, "values", "twice"),
        ({"values": [1], "distribution": "uniform"}, "distribution", "does not go"),
        ({"min": 1, "max": 2, "distribution": "categorical"}, "distribution", "does not go"),
        ({"values": [1, 2], "probabilities": [0.1, 0.9]}, "probabilities", "not supported"),
        ({"distribution": "normal", "mu": 0, "sigma": 1}, "distribution", "not supported"),
        ({"distribution": "log_uniform", "min": -3, "max": -1}, "distribution", "exponents"),
        ({"parameters": {"r": {"value": 1}}}, "parameters", "nested"),
        ({"simplex": ["a"]}, "simplex", "two components"),
        ({"simplex": ["a", "a"]}, "simplex", "twice"),
        ({"value": 1, "when": {}}, "when", "names no parameter"),
        ({"value": 1, "when": {"a": []}}, "when.a", "never"),
        (8, "", "single value"),
        (None, "", "single value"),
        ([8], "", "not a list"),
    ],
)
def test_errors(given: object, field: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Parameter.model_validate(given)
    problems = caught.value.errors()[0]["ctx"]["problems"]
    assert problems[0]["field"] == field
    assert message in problems[0]["message"]


def test_several_errors_of_one_parameter_come_together() -> None:
    given = {"min": 3, "max": -2, "distribution": LOG, "q": 1}
    with pytest.raises(ValidationError) as caught:
        Parameter.model_validate({**given, "min": -1})
    fields = [p["field"] for p in caught.value.errors()[0]["ctx"]["problems"]]
    assert fields == ["min", "min", "q"]


@pytest.mark.parametrize("bound", [float("nan"), float("inf"), "1", True, [1]])
def test_bounds_are_finite_numbers(bound: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Parameter.model_validate({"min": bound, "max": 2})
    assert caught.value.errors()[0]["loc"] == ("min",)


def test_non_finite_choices() -> None:
    with pytest.raises(ValidationError):
        Parameter.model_validate({"values": [1.0, float("nan")]})


def test_conditions() -> None:
    when = {"a": 1, "b": [1, 2], "c": [["q", "v"]]}
    parameter = Parameter.model_validate({"value": 1, "when": when})
    assert parameter.conditions() == {"a": (1,), "b": (1, 2), "c": (["q", "v"],)}
