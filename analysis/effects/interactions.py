"""Interactions: whether a parameter's effect depends on another's value.

Looked at only where enough is left to judge by, and only between parameters of which one is known
to matter: so where nothing matters, no interaction is claimed by chance on top of the main effects'
five in a hundred. P-values are corrected for the pairs looked at (Holm).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from analysis.effects.experiments import Experiments
from analysis.effects.factors import Factor, Step
from analysis.effects.least_squares import Fit
from analysis.effects.main_effects import (
    LEVEL,
    Effect,
    Finding,
    contrast_of,
    corrected_for_all,
    design_of,
    fitted,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

LEAST_LEFT = 8  # degrees of freedom beside the pair's own


@dataclass(frozen=True)
class Interaction:
    """A parameter's effect at two values of another."""

    metric: str
    parameter: str
    other: str
    p: float
    corrected: float
    credited: bool
    at: tuple[tuple[object, Effect], ...]  # (value of the other, effect there)


def interactions(
    units: Sequence[tuple[Factor, ...]], table: Experiments, findings: Sequence[Finding]
) -> list[Interaction]:
    """An interaction for each pair looked at, tested together."""
    factors = [factor for unit in units for factor in unit]
    alone = {unit[0].path: unit[0] for unit in units if len(unit) == 1}
    known = {(f.metric, f.parameters[0]) for f in findings if f.credited and f.effects}
    metrics = dict.fromkeys(f.metric for f in findings)
    found = [
        (metric, *told)
        for metric in metrics
        for one, other in combinations(alone.values(), 2)
        if (metric, one.path) in known or (metric, other.path) in known
        if (told := _pair(one, other, factors, table, metric)) is not None
    ]
    corrected = corrected_for_all([p for _, _, _, p, _ in found])
    return [
        Interaction(metric, one.path, other.path, p, adjusted, adjusted <= LEVEL, at)
        for (metric, one, other, p, at), adjusted in zip(found, corrected, strict=True)
    ]


def _pair(
    one: Factor, other: Factor, factors: Sequence[Factor], table: Experiments, metric: str
) -> tuple[Factor, Factor, float, tuple[tuple[object, Effect], ...]] | None:
    import numpy as np

    plain, where = design_of(factors)
    products = _products(one.columns[:, : _linear(one)], other.columns[:, : _linear(other)])
    design = np.column_stack([plain, products])
    added = int(np.linalg.matrix_rank(design)) - int(np.linalg.matrix_rank(plain))
    fit = fitted(design, table.rows, metric)
    if fit is None or fit.left < LEAST_LEFT or added < products.shape[1]:
        return None  # too little is left, or not all combinations were tried
    own = list(range(plain.shape[1], design.shape[1]))
    effects = _at(fit, one, other, where, own)
    return None if effects is None else (one, other, fit.p_of(own), effects)


def _at(
    fit: Fit, one: Factor, other: Factor, where: dict[str, list[int]], own: list[int]
) -> tuple[tuple[object, Effect], ...] | None:
    """The effect of `one`, over all its steps, at the first and the last value of `other`."""
    first, last = one.steps[0], one.steps[-1]
    whole = first if one.kind != "number" else Step(first.low, last.high, first.start, last.end)
    ends = ((other.steps[0].low, other.steps[0].start), (other.steps[-1].high, other.steps[-1].end))
    told = []
    for value, row in ends:
        contrast = contrast_of(whole, where[one.path], fit.design.shape[1])
        moved = _products(_row(whole.end, one) - _row(whole.start, one), _row(row, other))
        contrast[own] = moved[0]
        difference = fit.difference(contrast)
        if difference is None:
            return None
        effect = Effect(
            one.path,
            whole.component,
            whole.low,
            whole.high,
            difference.value,
            difference.half_width,
        )
        told.append((value, effect))
    return tuple(told)


def _row(values: tuple[float, ...], factor: Factor) -> "Matrix":
    import numpy as np

    return np.array([values[: _linear(factor)]])


def _products(one: "Matrix", other: "Matrix") -> "Matrix":
    """Every column of the one times every column of the other."""
    import numpy as np

    found: Matrix = np.einsum("ij,ik->ijk", one, other).reshape(len(one), -1)
    return found


def _linear(factor: Factor) -> int:
    return 1 if factor.kind == "number" else factor.columns.shape[1]
