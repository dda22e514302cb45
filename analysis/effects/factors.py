"""Parameters as columns of a linear model: how a value becomes numbers, and between which values a
parameter's effect is told.

A number is one column, its logarithm where it was drawn so or its values are evenly spaced so (r 8,
16, 32); with enough trials a second column, the square, lets its effect turn. Anything else is a
choice: a column for each value but the first. Weights that sum to 1 are a column for each but the
last. Where a parameter is not at work (`when`), all its columns are 0, and numbers are centred on
their mean where it is: the parameter that it depends on is told at that mean.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analysis.effects.experiments import Experiment
from analysis.runs import is_number
from analysis.study import flatten
from search_spaces.parameters import Parameter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW = 4  # up to so many values are told from the lowest to the highest, more by their thirds
APART = 10.0  # undeclared numbers that span this ratio are looked at on a log scale
Encode = Callable[[Any], list[float]]


@dataclass(frozen=True)
class Step:
    """Two values between which an effect is told, each as its row of columns."""

    low: Any
    high: Any
    start: tuple[float, ...]
    end: tuple[float, ...]
    component: str = ""  # of weights: whose weight it is


@dataclass(frozen=True)
class Factor:
    """A parameter that varied."""

    path: str
    kind: str  # number | choice | weights
    log: bool
    values: tuple[Any, ...]  # one an experiment; None where it is not at work
    active: tuple[bool, ...]
    columns: "NDArray[np.float64]"  # (experiments, columns)
    steps: tuple[Step, ...]

    @property
    def levels(self) -> tuple[str | None, ...]:
        """The values as texts to compare; None where it is not at work."""
        pairs = zip(self.values, self.active, strict=True)
        return tuple(json.dumps(v, sort_keys=True) if on else None for v, on in pairs)

    @property
    def distinct(self) -> int:
        """How many different values it had."""
        return len({level for level in self.levels if level is not None})


def factors_of(
    rows: Sequence[Experiment], searched: dict[str, Parameter], curved: bool = False
) -> list[Factor]:
    """A factor for each parameter with at least two values among `rows`; with `curved`, numbers of
    more than three values get their square."""
    paths = dict.fromkeys(p for row in rows for p in row.parameters)
    varied = [p for p in paths if _distinct(rows, p) > 1]
    return [_factor(rows, p, searched.get(p), curved) for p in varied]


def _distinct(rows: Sequence[Experiment], path: str) -> int:
    return len({json.dumps(_plain(r, path), sort_keys=True) for r in rows if path in r.parameters})


def _plain(row: Experiment, path: str) -> Any:
    """The value; whole numbers the same whether written 8 or 8.0."""
    value = row.parameters.get(path)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _factor(
    rows: Sequence[Experiment], path: str, searched: Parameter | None, curved: bool
) -> Factor:
    import numpy as np

    values = tuple(_plain(row, path) for row in rows)
    active = tuple(path in row.parameters for row in rows)
    there = [v for v, on in zip(values, active, strict=True) if on]
    kind = _kind(there)
    log = kind == "number" and is_logarithmic(there, searched)
    encode, steps = _coding(kind, there, log, curved)
    absent = [0.0] * len(encode(there[0]))
    pairs = zip(values, active, strict=True)
    columns = np.array([encode(v) if on else absent for v, on in pairs], dtype=float)
    return Factor(path, kind, log, values, active, columns, steps)


def _coding(
    kind: str, values: list[Any], log: bool, curved: bool
) -> tuple[Encode, tuple[Step, ...]]:
    """How a value becomes columns, and the steps that are told."""
    if kind == "number":
        encode = _number(values, log, curved)
        return encode, _number_steps(values, encode, log, curved)
    if kind == "weights":
        encode = _weights(values)
        return encode, _weight_steps(values, encode)
    levels = list({json.dumps(v, sort_keys=True): v for v in values}.values())
    encode = _choice(levels)
    first = tuple(encode(levels[0]))
    return encode, tuple(Step(levels[0], v, first, tuple(encode(v))) for v in levels[1:])


def _kind(values: list[Any]) -> str:
    if all(map(is_number, values)):
        return "number"
    parts = [flatten({"": v}) for v in values]
    same = all(p.keys() == parts[0].keys() and len(p) > 1 for p in parts)
    return "weights" if same else "choice"


def is_logarithmic(values: Sequence[float], searched: Parameter | None) -> bool:
    """Whether a number is looked at by its logarithm: where it is drawn so; listed values where
    their logarithms are the more evenly spaced; others where they span a factor of 10."""
    import numpy as np

    if min(values) <= 0:
        return False
    if searched is not None and searched.values is None and searched.times is None:
        return "log" in (searched.distribution or "")
    distinct = np.unique(np.asarray(values, dtype=float))
    if len(distinct) <= 2 or len(distinct) > 2 * FEW:
        return bool(distinct[-1] / distinct[0] >= APART)
    gaps, ratios = np.diff(distinct), np.diff(np.log(distinct))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(gaps) / np.mean(gaps))


def _number(values: Sequence[float], log: bool, curved: bool) -> Encode:
    """Centred and in half ranges, so that no column is large."""
    import numpy as np

    scaled = np.log(np.asarray(values, float)) if log else np.asarray(values, float)
    centre, half = float(scaled.mean()), float(np.ptp(scaled)) / 2
    square = float((((scaled - centre) / half) ** 2).mean())
    turns = curved and len(np.unique(scaled)) > 3

    def encode(value: Any) -> list[float]:
        x = (float(np.log(value) if log else value) - centre) / half
        return [x, x * x - square] if turns else [x]

    return encode


def _number_steps(
    values: Sequence[float], encode: Encode, log: bool, curved: bool
) -> tuple[Step, ...]:
    """From the lowest to the highest of few values; of many, between the medians of their thirds;
    through the middle one where the effect may turn."""
    import numpy as np

    distinct = sorted(set(values))
    if len(distinct) <= FEW:
        low, middle, high = distinct[0], distinct[(len(distinct) - 1) // 2], distinct[-1]
    else:
        thirds = np.array_split(np.sort(np.asarray(values, dtype=float)), 3)
        low, middle, high = (_median(part, log) for part in thirds)
    turns = curved and len(distinct) > 3
    stops = list(dict.fromkeys([low, middle, high] if turns else [low, high]))
    if len(stops) < 2:  # most trials had one value
        stops = [distinct[0], distinct[-1]]
    return tuple(Step(a, b, tuple(encode(a)), tuple(encode(b))) for a, b in pairwise(stops))


def _median(part: "NDArray[np.float64]", log: bool) -> float:
    import numpy as np

    return float(f"{np.exp(np.median(np.log(part))) if log else np.median(part):.3g}")


def _choice(levels: list[Any]) -> Encode:
    keys = [json.dumps(level, sort_keys=True) for level in levels]

    def encode(value: Any) -> list[float]:
        own = json.dumps(value, sort_keys=True)
        return [float(own == key) for key in keys[1:]]

    return encode


def _weights(values: list[dict[str, float]]) -> Encode:
    names = list(values[0])[:-1]
    centre = {n: sum(v[n] for v in values) / len(values) for n in names}

    def encode(value: Any) -> list[float]:
        return [float(value[n]) - centre[n] for n in names]

    return encode


def _weight_steps(values: list[dict[str, float]], encode: Encode) -> tuple[Step, ...]:
    """Each weight from its low to its high third, the others keeping their proportions. Of two
    weights one says it all."""
    import numpy as np

    names = list(values[0])
    mean = {n: float(np.mean([v[n] for v in values])) for n in names}
    steps = []
    for name in names[:1] if len(names) == 2 else names:
        thirds = np.array_split(np.sort([v[name] for v in values]), 3)
        low, high = (_median(part, False) for part in (thirds[0], thirds[-1]))
        ends = [tuple(encode(_moved(mean, name, weight))) for weight in (low, high)]
        steps.append(Step(low, high, ends[0], ends[1], name))
    return tuple(steps)


def _moved(mean: dict[str, float], name: str, weight: float) -> dict[str, float]:
    rest = 1 - mean[name]
    left = {n: w * (1 - weight) / rest if rest else 0.0 for n, w in mean.items()}
    return {**left, name: weight}
