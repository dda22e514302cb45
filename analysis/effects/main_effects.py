"""Main effects: what changes when one parameter goes from here to there, the others held equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.effects.experiments import Experiment, Experiments
from analysis.effects.factors import Factor, Step
from analysis.effects.least_squares import Fit, by_repeats, least_squares
from analysis.statistics.several import holm

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

LEAST_LEFT = 4  # degrees of freedom that must be left to judge a difference by
LEVEL = 0.05  # the error rate of all claims together


@dataclass(frozen=True)
class Effect:
    """A metric's change between two values of a parameter, with half its 95% interval."""

    parameter: str
    component: str  # of weights that sum to 1: whose
    low: Any
    high: Any
    value: float
    half_width: float


@dataclass(frozen=True)
class Finding:
    """What is known of a parameter, or of several that were changed together, in one metric."""

    parameters: tuple[str, ...]
    metric: str
    p: float
    corrected: float  # for all that was looked at
    credited: bool  # it made a difference that chance does not explain
    effects: tuple[Effect, ...]  # () of parameters changed together: neither is credited


def design_of(factors: Sequence[Factor]) -> tuple["Matrix", dict[str, list[int]]]:
    """The model's matrix, and where each parameter's columns are."""
    import numpy as np

    count = len(factors[0].values)
    where: dict[str, list[int]] = {}
    start = 1
    for factor in factors:
        where[factor.path] = list(range(start, start + factor.columns.shape[1]))
        start += factor.columns.shape[1]
    return np.column_stack([np.ones(count), *(f.columns for f in factors)]), where


def fitted(design: "Matrix", rows: Sequence[Experiment], metric: str) -> Fit | None:
    """The model of a metric; None where too little is left to judge differences by."""
    import numpy as np

    found = least_squares(design, np.array([row.metrics[metric] for row in rows]))
    if found is not None and found.left >= LEAST_LEFT:
        return found
    runs = [np.array([run[metric] for run in row.repeats]) for row in rows]
    repeated = by_repeats(design, runs)
    return repeated if repeated is not None and repeated.left >= LEAST_LEFT else None


def main_effects(
    units: Sequence[tuple[Factor, ...]], table: Experiments, metrics: Sequence[str]
) -> list[Finding]:
    """A finding for each unit and metric, tested together (Holm). Metrics without a model, or with
    the same value everywhere, are left out."""
    design, where = design_of([factor for unit in units for factor in unit])
    found: list[tuple[tuple[Factor, ...], str, float, tuple[Effect, ...]]] = []
    for metric in metrics:
        fit = fitted(design, table.rows, metric)
        if fit is None or len({row.metrics[metric] for row in table.rows}) < 2:
            continue
        for unit in units:
            columns = [i for factor in unit for i in where[factor.path]]
            effects = _effects(fit, unit[0], where) if len(unit) == 1 else ()
            found.append((unit, metric, fit.p_of(columns), effects))
    corrected = corrected_for_all([p for _, _, p, _ in found])
    return [
        Finding(
            tuple(factor.path for factor in unit),
            metric,
            p,
            adjusted,
            adjusted <= LEVEL and _above_rounding(effects, table.noise.get(metric, 0.0)),
            effects,
        )
        for (unit, metric, p, effects), adjusted in zip(found, corrected, strict=True)
    ]


def corrected_for_all(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm): the error rate is that of all claims."""
    return [1.0 if c.p is None else c.p for c in holm(p_values)]


def contrast_of(step: Step, columns: Sequence[int], width: int) -> "Matrix":
    """The step as weights of the model's coefficients."""
    import numpy as np

    contrast = np.zeros(width)
    contrast[list(columns)] = np.array(step.end) - np.array(step.start)
    return contrast


def _effects(fit: Fit, factor: Factor, where: dict[str, list[int]]) -> tuple[Effect, ...]:
    width = fit.design.shape[1]
    pairs = (
        (step, fit.difference(contrast_of(step, where[factor.path], width)))
        for step in factor.steps
    )
    return tuple(
        Effect(factor.path, step.component, step.low, step.high, d.value, d.half_width)
        for step, d in pairs
        if d is not None
    )


def _above_rounding(effects: Sequence[Effect], floor: float) -> bool:
    return not effects or max(abs(e.value) for e in effects) > floor
