"""The rules of a parameter's syntax, as functions from what was written to what is wrong with it.

A problem is `{"field", "value", "message", "fix"}`; `field` is the attribute's name or "".
"""

import itertools
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Annotated, Any, TypeAlias

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from search_spaces.foreign_syntax import our_call
from search_spaces.values import counts_between, is_number, same_value, text_of

Problem: TypeAlias = dict[str, Any]

NORMAL = ("normal", "q_normal", "log_normal", "q_log_normal", "beta", "q_beta")
ALTERNATIVES = ("value", "values", "min", "simplex")  # `min` stands for `min` and `max`
HOW = "Give one of: value, values, min and max, simplex"


def _bound(given: Any) -> int | float:
    """A number as it was written: 1 stays an int, true and text are refused, so is NaN."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise PydanticCustomError("number", "must be a number")
    if not isfinite(given):
        raise PydanticCustomError("number", "must be a finite number")
    return given


Bound: TypeAlias = Annotated[
    int | float, PlainValidator(_bound), WithJsonSchema({"type": "number"})
]


def problem(field: str, value: object, message: str, fix: str = "Correct the value") -> Problem:
    """One problem."""
    return {"field": field, "value": value, "message": message, "fix": fix}


def refusal(given: Any) -> list[Problem]:
    """Why this entry cannot be read at all: not a mapping, or W&B syntax that is not supported."""
    if isinstance(given, list):
        fix = f"Write {{values: {text_of(given)}}}"
        return [problem("", given, "a parameter is a mapping, not a list", fix)]
    if isinstance(given, str | int | float) or given is None:
        fix = (isinstance(given, str) and our_call(given)) or f"Write {{value: {text_of(given)}}}"
        return [problem("", given, "a parameter is a mapping, not a single value", fix)]
    if not isinstance(given, Mapping):
        return []
    return [*_refused_distribution(given), *_refused_keys(given)]


def _refused_distribution(given: Mapping[str, Any]) -> list[Problem]:
    name = given.get("distribution")
    if name in ("log_uniform", "q_log_uniform", "inv_log_uniform"):
        what = f"{name} takes exponents (min: -11.5 for 1e-5), which is easily got wrong"
        better = "q_log_uniform_values" if str(name).startswith("q_") else "log_uniform_values"
        return [problem("distribution", name, what, f"Use {better} with the bounds themselves")]
    if name == "inv_log_uniform_values" or name in NORMAL:
        fix = "Use uniform, log_uniform_values or values"
        return [problem("distribution", name, f"{name} is not supported", fix)]
    return []


def _refused_keys(given: Mapping[str, Any]) -> list[Problem]:
    found = []
    if "probabilities" in given:
        what = "probabilities are not supported: every value is as likely as the others"
        found.append(problem("probabilities", given["probabilities"], what, "Remove the key"))
    if "parameters" in given:
        fix = "Write one dotted path a parameter, e.g. `training.learning_rate: {…}`"
        found.append(problem("parameters", None, "nested parameters are not supported", fix))
    return found


def syntax_problems(given: Mapping[str, Any]) -> list[Problem]:
    """All that is wrong with the attributes that were written."""
    ways = [way for way in ALTERNATIVES if way in given or (way == "min" and "max" in given)]
    if len(ways) != 1:
        what = "says nothing of its values" if not ways else f"{' and '.join(ways)} exclude another"
        return [problem("", dict(given), what, HOW)]
    rules = {"value": _value, "values": _values, "min": _range, "simplex": _simplex}
    found = [*rules[ways[0]](given), *_distribution_fits(ways[0], given), *_when(given)]
    return [*found, *_times(given)]


def _times(given: Mapping[str, Any]) -> list[Problem]:
    """Factors must be numbers."""
    if given.get("times") is None:
        return []
    if "simplex" in given:
        return [problem("times", given["times"], "does not go with simplex", "Remove the key")]
    factors = given.get("values") or ([given["value"]] if "value" in given else [])
    return [
        problem("times", factor, "is no factor: only numbers can be multiplied", "Give numbers")
        for factor in factors
        if not is_number(factor)
    ]


def _value(given: Mapping[str, Any]) -> list[Problem]:
    return _finite("value", [given["value"]])


def _values(given: Mapping[str, Any]) -> list[Problem]:
    values = given["values"]
    if not values:
        return [problem("values", [], "has no value to choose from", "Name at least one")]
    numbers = all(map(is_number, values))  # of which there may be thousands
    once = numbers and len(set(values)) == len(values)
    repeated = (v for i, v in enumerate(values) if any(same_value(v, w) for w in values[:i]))
    first = () if once else itertools.islice(repeated, 1)
    found = [problem("values", v, "is there twice", "Remove one of them") for v in first]
    return [*found, *_finite("values", values)]


def _finite(field: str, values: Sequence[object]) -> list[Problem]:
    bad = [v for v in values if isinstance(v, float) and not isfinite(v)]
    return [problem(field, v, "must be a finite number") for v in bad]


def _range(given: Mapping[str, Any]) -> list[Problem]:
    low, high = given.get("min"), given.get("max")
    if low is None or high is None:
        missing = "min" if low is None else "max"
        return [problem(missing, None, "is missing: a range has two ends", f"Add {missing}")]
    return [*_order(low, high), *_log(given), *_whole(given), *_step(given)]


def _order(low: float, high: float) -> list[Problem]:
    if low < high:
        return []
    fix = f"Write {{value: {low}}}" if low == high else "Exchange them"
    return [problem("min", low, f"min must be below max ({high})", fix)]


def _log(given: Mapping[str, Any]) -> list[Problem]:
    if "log" not in str(given.get("distribution")) or given["min"] > 0:
        return []
    what = "a log range must stay above 0"
    return [problem("min", given["min"], what, "Raise min (e.g. 1e-6) or use uniform")]


def _whole(given: Mapping[str, Any]) -> list[Problem]:
    if given.get("distribution") != "int_uniform":
        return []
    ends = ((end, given[end]) for end in ("min", "max"))
    fix = "Round it or use uniform"
    return [
        problem(end, number, "int_uniform needs whole numbers", fix)
        for end, number in ends
        if not isinstance(number, int)
    ]


def _step(given: Mapping[str, Any]) -> list[Problem]:
    quantised = str(given.get("distribution")).startswith("q_")
    q = given.get("q")
    if not quantised:
        fix = "Add `distribution: q_uniform` or `q_log_uniform_values`"
        return [] if q is None else [problem("q", q, "needs a q_ distribution", fix)]
    step = 1 if q is None else q
    if step <= 0:
        return [problem("q", q, "must be above 0")]
    if given["min"] < given["max"] and not counts_between(given["min"], given["max"], step):
        what = f"no multiple of {step} lies between {given['min']} and {given['max']}"
        return [problem("q", step, what, "Make q smaller or the range wider")]
    return []


def _simplex(given: Mapping[str, Any]) -> list[Problem]:
    names = given["simplex"] or ()
    if len(names) < 2:
        fix = "Name at least two, e.g. simplex: [rouge, length]"
        return [problem("simplex", list(names), "weights need two components or more", fix)]
    if len(set(names)) < len(names):
        return [problem("simplex", list(names), "names a component twice", "Remove one of them")]
    return []


def _distribution_fits(way: str, given: Mapping[str, Any]) -> list[Problem]:
    found = []
    name = given.get("distribution")
    allowed = {"value": "constant", "values": "categorical", "simplex": None}
    if way == "min":
        wrong = name in ("constant", "categorical")
    else:
        wrong = name is not None and name != allowed[way]
        if "q" in given:
            found.append(
                problem("q", given["q"], "belongs to a range with min and max", "Remove it")
            )
    if wrong:
        part = "min and max" if way == "min" else way
        what = f"does not go with {part}"
        found.append(problem("distribution", name, what, "Remove the key"))
    return found


def _when(given: Mapping[str, Any]) -> list[Problem]:
    conditions = given.get("when")
    if "when" in given and not conditions:
        return [problem("when", conditions, "names no parameter", "Write {path: value}")]
    empty = [path for path, values in (conditions or {}).items() if values == []]
    return [problem(f"when.{path}", [], "can never hold", "Name a value") for path in empty]
