"""JSON values as parameters have them: when two are the same, and how they are written."""

import json
from decimal import Decimal
from math import isfinite
from typing import TypeAlias

Number: TypeAlias = int | float


def is_number(value: object) -> bool:
    """Whether this is a finite int or float (a boolean is neither)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isfinite(value)


def same_value(left: object, right: object) -> bool:
    """Equality of JSON values: 1 and 1.0 are the same, true and 1 are not, tuples are lists."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same_value, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_value(left[k], right[k]) for k in left)
    return left == right


def text_of(value: object) -> str:
    """A value as people read it in a table: strings bare, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)


def multiple_of(q: Number, count: int) -> Number:
    """`count` times `q` without binary rounding (3 times 0.1 is 0.3); an int where `q` is one."""
    return count * q if isinstance(q, int) else float(Decimal(repr(q)) * count)


def counts_between(low: Number, high: Number, q: Number) -> range:
    """The k for which k times q lies in [low, high]; empty if there is none."""
    step = Decimal(repr(q))
    first, last = _ceil(Decimal(repr(low)) / step), _floor(Decimal(repr(high)) / step)
    return range(first, last + 1)


def _floor(number: Decimal) -> int:
    return int(number.to_integral_value(rounding="ROUND_FLOOR"))


def _ceil(number: Decimal) -> int:
    return int(number.to_integral_value(rounding="ROUND_CEILING"))
