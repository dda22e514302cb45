"""Quasi-random points: a scrambled Sobol sequence (Sobol 1967, Owen 1998; SciPy's).

The sequence is read at the trial's own index, so that a resumed sweep gets the points that an
uninterrupted one gets.
"""

import math
from typing import Any

from search_spaces.distributions import (
    Choice,
    Constant,
    Distribution,
    IntUniform,
    LogUniform,
    Simplex,
    Uniform,
)
from search_spaces.space import Space


def point(space: Space, seed: int, index: int) -> dict[str, Any] | None:
    """The `index`-th point of the sequence, mapped onto the space."""
    from scipy.stats import qmc

    widths = {path: _width(space.parameters[path]) for path in space.order}
    dimensions = max(1, sum(widths.values()))
    sequence = qmc.Sobol(dimensions, scramble=True, rng=seed)
    if index:
        sequence.fast_forward(index)
    unit = iter(sequence.random(1)[0].tolist())
    values: dict[str, Any] = {}
    for path in space.order:
        drawn = [next(unit) for _ in range(widths[path])]
        if space.is_active(path, values):
            values[path] = _value(space.parameters[path], drawn)
    return values


def _width(distribution: Distribution) -> int:
    match distribution:
        case Constant():
            return 0
        case Simplex(components):
            return len(components)
    return 1


def _value(distribution: Distribution, unit: list[float]) -> Any:
    match distribution:
        case Constant(value):
            return value
        case Simplex(components):
            drawn = [-math.log(max(u, 1e-12)) for u in unit]
            return {n: d / sum(drawn) for n, d in zip(components, drawn, strict=True)}
        case Choice() | IntUniform() | Uniform(q=int() | float()):
            points = list(distribution.points() or ())
            return points[min(int(unit[0] * len(points)), len(points) - 1)]
        case Uniform(low, high, _):
            return low + unit[0] * (high - low)
        case LogUniform(low, high, q):
            value = math.exp(math.log(low) + unit[0] * (math.log(high) - math.log(low)))
            value = min(max(value, low), high)
            return (
                value
                if q is None
                else min(distribution.points() or (), key=lambda point: abs(point - value))
            )
    raise TypeError(f"no way to sample {distribution!r}")
