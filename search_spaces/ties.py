"""Parameters that are a multiple of another: `lora.lora_alpha: {times: lora.r, values: [1, 2]}`.

What is sampled is the factor; what a trial gets, and what its tables show, is the product.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import isclose
from typing import Any

from search_spaces.values import Number, is_number

LISTED = 10_000  # factors that are looked through for the one that makes a product


@dataclass(frozen=True)
class Tied:
    """A factor times another parameter. Values are products; `size` and `points` are of factors."""

    factor: Any  # a distribution of numbers
    base: str
    of: Any  # the distribution of the other parameter

    def contains(self, value: object) -> bool:
        """Whether some factor and some value of the other make this product, as far as can be told
        without that value; `Space.contains` knows it."""
        return is_number(value)

    def describe(self) -> str:
        """E.g. `lora.r times one of 1, 2`."""
        return f"{self.base} times {self.factor.describe().removeprefix('always ')}"

    def size(self) -> int | None:
        """How many factors; None where they are continuous."""
        size: int | None = self.factor.size()
        return size

    def points(self) -> Iterator[Any] | None:
        """The factors."""
        points: Iterator[Any] | None = self.factor.points()
        return points

    def probes(self) -> tuple[Any, ...]:
        """Products of factors and values that stand for all."""
        made = (product(f, b) for b in self.of.probes() for f in self.factor.probes())
        return tuple(dict.fromkeys(made))


def product(factor: Any, base: Any) -> Number:
    """Their product without binary rounding (3 times 0.1 is 0.3), a whole number as an int."""
    exact = Decimal(repr(factor)) * Decimal(repr(base))
    whole = isinstance(base, int) and exact == exact.to_integral_value()
    return int(exact) if whole else float(exact)


def factor_of(value: Any, base: Any, factors: Any) -> Any:
    """The factor that makes `value` of `base`: one of the space's where one does."""
    size = factors.size()
    known = factors.points() if size is not None and size <= LISTED else None
    for factor in known or ():
        if isclose(product(factor, base), value, rel_tol=1e-9):
            return factor
    return value / base if base else value
