"""What a parameter may be: typed, finite or continuous, with no sampler behind it.

Every distribution answers the same questions: `contains(value)`, `describe()` for people, `size()`
(the number of its values, None where it is continuous), `points()` (those values in order) and
`probes()` (values that stand for all of it when it is checked against a field's type).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import isclose, log
from typing import Any, TypeAlias

from search_spaces.ties import Tied
from search_spaces.values import (
    Number,
    counts_between,
    is_number,
    multiple_of,
    same_value,
    text_of,
)

GOLDEN = 0.3819660112501051  # a share of a range whose value is round in no unit

SHOWN = 12  # values of a list that are all written out


@dataclass(frozen=True)
class Constant:
    """Always the same value."""

    value: Any

    def contains(self, value: object) -> bool:
        """Whether this is the value."""
        return same_value(self.value, value)

    def describe(self) -> str:
        """E.g. `always 8`."""
        return f"always {text_of(self.value)}"

    def size(self) -> int:
        """One."""
        return 1

    def points(self) -> Iterator[Any]:
        """The value."""
        return iter((self.value,))

    def probes(self) -> tuple[Any, ...]:
        """The value."""
        return (self.value,)


@dataclass(frozen=True)
class Categorical:
    """One of some JSON values (lists and mappings too), each as likely as the others."""

    values: tuple[Any, ...]

    def contains(self, value: object) -> bool:
        """Whether this is one of the values."""
        return any(same_value(own, value) for own in self.values)

    def describe(self) -> str:
        """E.g. `one of 8, 16, 32`; of many values the first and the last ones."""
        texts = [text_of(value) for value in self.values]
        if len(texts) <= SHOWN:
            return "one of " + ", ".join(texts)
        return f"one of {len(texts):,}: {', '.join(texts[:3])}, … {texts[-1]}"

    def size(self) -> int:
        """How many values."""
        return len(self.values)

    def points(self) -> Iterator[Any]:
        """The values in the order given."""
        return iter(self.values)

    def probes(self) -> tuple[Any, ...]:
        """All values."""
        return self.values


@dataclass(frozen=True)
class IntUniform:
    """Multiples of `q` in [low, high], all as likely. Both ends are included."""

    low: int
    high: int
    q: int = 1

    def contains(self, value: object) -> bool:
        """Whether this is a whole multiple of q within the range (8.0 counts as 8)."""
        return _in_range(value, self.low, self.high) and _is_multiple(value, self.q)

    def describe(self) -> str:
        """E.g. `integer 1 … 8`."""
        return f"integer {self.low} … {self.high}" + _steps(self.q if self.q != 1 else None)

    def size(self) -> int:
        """How many multiples of q."""
        counts = counts_between(self.low, self.high, self.q)
        return counts.stop - counts.start  # len() knows no more than 2^63

    def points(self) -> Iterator[int]:
        """The multiples, ascending."""
        return (count * self.q for count in counts_between(self.low, self.high, self.q))

    def probes(self) -> tuple[int, ...]:
        """The two ends."""
        counts = counts_between(self.low, self.high, self.q)
        return (counts[0] * self.q, counts[-1] * self.q)


@dataclass(frozen=True)
class _Range:
    """Numbers in [low, high]; with `q`, only the multiples of it in that range."""

    low: float
    high: float
    q: Number | None = None

    def contains(self, value: object) -> bool:
        """Whether this number lies in the range and, with q, is a multiple of it."""
        return _in_range(value, self.low, self.high) and _is_multiple(value, self.q)

    def size(self) -> int | None:
        """How many multiples of q; None without q."""
        if self.q is None:
            return None
        counts = counts_between(self.low, self.high, self.q)
        return counts.stop - counts.start

    def points(self) -> Iterator[Number] | None:
        """The multiples of q, ascending; None without q."""
        if self.q is None:
            return None
        return map(partial(multiple_of, self.q), counts_between(self.low, self.high, self.q))

    def probes(self) -> tuple[Number, ...]:
        """Both ends and a value between them."""
        inside = self.low + (self.high - self.low) * GOLDEN
        return tuple(map(self.quantise, (self.low, inside, self.high)))

    def quantise(self, number: float) -> Number:
        """The value nearest to `number`: within the range and, with q, a multiple of it."""
        if self.q is None:
            return min(max(number, self.low), self.high)
        counts = counts_between(self.low, self.high, self.q)
        return multiple_of(self.q, min(max(round(number / self.q), counts[0]), counts[-1]))


@dataclass(frozen=True)
class Uniform(_Range):
    """A number in [low, high]; with `q`, a multiple of it in that range."""

    def describe(self) -> str:
        """E.g. `uniform 0.0 … 0.3 in steps of 0.1`."""
        return f"uniform {self.low} … {self.high}" + _steps(self.q)


@dataclass(frozen=True)
class LogUniform(_Range):
    """A number in [low, high], uniform in its logarithm; with `q`, then rounded to a multiple."""

    def describe(self) -> str:
        """E.g. `log-uniform 1e-05 … 0.001`."""
        return f"log-uniform {self.low} … {self.high}" + _steps(self.q)


@dataclass(frozen=True)
class Simplex:
    """A weight of 0 or more for each component; the weights sum to 1."""

    components: tuple[str, ...]

    def contains(self, value: object) -> bool:
        """Whether this maps exactly the components to weights that sum to 1 (within 1e-6)."""
        if not isinstance(value, Mapping) or set(value) != set(self.components):
            return False
        if not all(is_number(weight) and weight >= 0 for weight in value.values()):
            return False
        return abs(sum(value.values()) - 1) <= 1e-6

    def describe(self) -> str:
        """E.g. `weights of a, b that sum to 1`."""
        return f"weights of {', '.join(self.components)} that sum to 1"

    def size(self) -> None:
        """None: continuous."""
        return

    def points(self) -> None:
        """None: continuous."""
        return

    def probes(self) -> tuple[dict[str, float], ...]:
        """All weight on the first component, and the same on each."""
        first = {name: float(name == self.components[0]) for name in self.components}
        return (first, dict.fromkeys(self.components, 1 / len(self.components)))

    def weights(self, uniforms: Mapping[str, float]) -> dict[str, float]:
        """Numbers in [0, 1), one a component, as weights.

        -ln(1 - u) is exponential, and exponentials over their sum are uniform on the simplex.
        """
        draws = {name: -log(max(1 - uniforms[name], 1e-300)) for name in self.components}
        total = sum(draws.values())
        if total == 0:
            return dict.fromkeys(self.components, 1 / len(self.components))
        return {name: draw / total for name, draw in draws.items()}


Distribution: TypeAlias = (
    Constant | Categorical | IntUniform | Uniform | LogUniform | Simplex | Tied
)


def is_numerical(distribution: Distribution) -> bool:
    """Whether it is a range of numbers, which is what CMA-ES can move in."""
    if isinstance(distribution, Tied):
        return is_numerical(distribution.factor)
    return isinstance(distribution, IntUniform | Uniform | LogUniform | Simplex)


def _in_range(value: object, low: float, high: float) -> bool:
    """Within the ends, or as near to one as exp(log(end)) comes."""
    if not isinstance(value, int | float) or not is_number(value):
        return False
    return low <= value <= high or any(isclose(value, end, rel_tol=1e-12) for end in (low, high))


def _is_multiple(value: object, q: Number | None) -> bool:
    if q is None or not isinstance(value, int | float):
        return q is None
    nearest = multiple_of(q, round(value / q))
    return isclose(value, nearest, rel_tol=1e-9, abs_tol=q * 1e-9)


def _steps(q: Number | None) -> str:
    return "" if q is None else f" in steps of {q}"
