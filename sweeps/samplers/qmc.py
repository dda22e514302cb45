"""Quasi-random points: a scrambled Sobol sequence (Sobol 1967, Owen 1998; SciPy's).

The sequence is read at the trial's own index, so that a resumed sweep gets the points that an
uninterrupted one gets.
"""

from math import exp, log
from typing import Any

from search_spaces.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntUniform,
    LogUniform,
    Simplex,
    Uniform,
)
from search_spaces.space import Space
from search_spaces.values import counts_between, multiple_of


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
            return distribution.weights(dict(zip(components, unit, strict=True)))
        case Categorical(values):
            return values[int(unit[0] * len(values))]
        case Uniform(low, high, None):
            return low + unit[0] * (high - low)
        case LogUniform(low, high, _):
            return distribution.quantise(exp(log(low) + unit[0] * (log(high) - log(low))))
        case IntUniform(low, high, q) | Uniform(low, high, int() | float() as q):
            counts = counts_between(low, high, q)
            return multiple_of(q, counts[int(unit[0] * len(counts))])
    raise TypeError(f"no way to sample {distribution!r}")
