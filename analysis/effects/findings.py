"""What mattered in a run: everything that its trials support, and why where that is nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from analysis.effects.experiments import Experiments, experiments_of
from analysis.effects.factors import Factor, factors_of
from analysis.effects.importance import Share, importance
from analysis.effects.interactions import Interaction, interactions
from analysis.effects.main_effects import LEAST_LEFT, Finding, design_of, fitted, main_effects
from analysis.effects.together import alone_between, changed_together, never_without
from analysis.runs import Run
from analysis.selection import criteria
from analysis.wording import plural, title

COSTS = ("gpu_peak_gb", "minutes")  # told beside what a parameter does to the metrics
CURVED_LEFT = 10  # degrees of freedom beside which numbers get a square
PAIRS = 3  # pairs of trials that a sentence names


@dataclass(frozen=True)
class WhatMattered:
    """Importance, effects and interactions; `nothing` says in one sentence why there are none."""

    table: Experiments
    metrics: tuple[str, ...]  # that the choice compares
    nothing: str = ""
    together: tuple[str, ...] = ()  # a sentence each
    groups: tuple[tuple[str, ...], ...] = ()  # parameters that were changed together
    importance: dict[str, tuple[Share, ...]] = field(default_factory=dict)  # by metric
    findings: tuple[Finding, ...] = ()
    costs: tuple[Finding, ...] = ()
    interactions: tuple[Interaction, ...] = ()


def what_mattered(run: Run, shares: bool = True) -> WhatMattered:
    """What the complete trials of a run say of its parameters, in the metrics that its choice
    compares; without `shares` no importance, which takes seconds.

    >>> from pathlib import Path
    >>> from analysis.runs import load_run
    >>> found = what_mattered(load_run(Path("runs/demo")))
    >>> found.nothing or found.findings[0].metric
    'val_loss'
    """
    metrics = tuple(dict.fromkeys(c.metric for c in criteria(run.search)))
    table = experiments_of(run, metrics)
    factors = factors_of(table.rows, run.search.parameters)
    if reason := _nothing_to_see(run, table, factors, metrics):
        return WhatMattered(table, metrics, reason)
    units = changed_together(factors)
    groups = tuple(tuple(f.path for f in unit) for unit in units if len(unit) > 1)
    told = tuple(_cannot_be_told(unit) for unit in units if len(unit) > 1)
    if reason := _too_few(table, factors, metrics):
        alone = [s for f in factors if (s := _alone(f, factors, table, groups))]
        return WhatMattered(table, metrics, " ".join((reason, *alone)), told, groups)
    units = _with_squares(run, table, units)
    findings = main_effects(units, table, metrics)
    costs = [m for m in COSTS if m not in metrics and all(m in r.metrics for r in table.rows)]
    explained = {
        m: importance(units, [r.metrics[m] for r in table.rows]) if shares else [] for m in metrics
    }
    return WhatMattered(
        table,
        metrics,
        together=told,
        groups=groups,
        importance={m: tuple(found) for m, found in explained.items() if found},
        findings=tuple(findings),
        costs=tuple(main_effects(units, table, costs)),
        interactions=tuple(interactions(units, table, findings)),
    )


def _nothing_to_see(
    run: Run, table: Experiments, factors: Sequence[Factor], metrics: Sequence[str]
) -> str:
    """Why there is nothing to look at, in a sentence; "" where there is."""
    names = ", ".join(map(title, metrics))
    if not table.rows:
        of = plural(len(run.trials), "trial")
        return f"Nothing can be said of what mattered: none of {of} is complete with {names}."
    if len(table.rows) == 1:
        return (
            "Nothing can be said of what mattered: one configuration is complete, and there is "
            "nothing to compare it with."
        )
    if not factors:
        return (
            f"Nothing can be said of what mattered: no parameter differs between "
            f"{plural(len(table.rows), 'configuration')}."
        )
    if all(len({row.metrics[m] for row in table.rows}) == 1 for m in metrics):
        return (
            f"No parameter made a difference: {names} is the same in all "
            f"{plural(len(table.rows), 'configuration')}."
        )
    return ""


def _too_few(table: Experiments, factors: Sequence[Factor], metrics: Sequence[str]) -> str:
    """Why no difference can be laid to a parameter, in a sentence; "" where some can."""
    import numpy as np

    design, _ = design_of(factors)
    if any(fitted(design, table.rows, metric) is not None for metric in metrics):
        return ""
    rank = int(np.linalg.matrix_rank(design))
    once = "" if table.repeated else " without repeats"
    return (
        f"{plural(len(table.rows), 'configuration')}{once} cannot tell the effect of "
        f"{plural(len(factors), 'parameter')} from chance, so no difference between them is laid "
        f"to a parameter; that takes at least {rank + LEAST_LEFT} configurations, or repeats with "
        f"other seeds."
    )


def _alone(
    factor: Factor,
    factors: Sequence[Factor],
    table: Experiments,
    groups: Sequence[tuple[str, ...]],
) -> str:
    """Which trials differ in this parameter only, and what that is worth."""
    pairs = alone_between(factor, factors, [row.name for row in table.rows])
    if not pairs:
        return ""
    shown = "; ".join(pairs[:PAIRS]) + ("; …" if len(pairs) > PAIRS else "")
    return (
        f"{factor.path} alone differs between {shown}, each trained once: another seed might "
        "make as large a difference."
        if not table.repeated
        else f"{factor.path} alone differs between {shown}."
    )


def _cannot_be_told(unit: tuple[Factor, ...]) -> str:
    names = [factor.path for factor in unit]
    listed = f"{', '.join(names[:-1])} and {names[-1]}"
    if len(unit) == 2:
        one, other = unit
        both = never_without(one, other), never_without(other, one)
        if both[0] != both[1]:
            first, second = (one, other) if both[0] else (other, one)
            return (
                f"{first.path} was never changed without {second.path} changing too: their "
                "effects cannot be told apart, and neither is credited."
            )
        if all(both):
            return (
                f"{listed} changed together in all trials: their effects cannot be told apart, "
                "and neither is credited."
            )
    return (
        f"{listed} changed so nearly together that their effects cannot be told apart, and none "
        "of them is credited."
    )


def _with_squares(
    run: Run, table: Experiments, units: Sequence[tuple[Factor, ...]]
) -> list[tuple[Factor, ...]]:
    """The units with squares of their numbers where enough is left beside these."""
    import numpy as np

    curved = {f.path: f for f in factors_of(table.rows, run.search.parameters, curved=True)}
    design, _ = design_of(list(curved.values()))
    if len(table.rows) - int(np.linalg.matrix_rank(design)) < CURVED_LEFT:
        return list(units)
    return [(curved[unit[0].path],) if len(unit) == 1 else unit for unit in units]
