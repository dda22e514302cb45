"""The table that effects are estimated on: a configuration a row, its repeats averaged."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from analysis.folds import Folded, configurations, fold_paths, folds_of, means, repeat_paths
from analysis.runs import Run, TrialView
from analysis.study import factor_name
from analysis.tables import searched_paths
from search_spaces.space import Space, build_space


@dataclass(frozen=True)
class Experiment:
    """A configuration: what varied, and what came of it."""

    name: str
    parameters: dict[str, Any]  # by path, of a tied one its factor; without those not at work here
    metrics: dict[str, float]  # means over its repeats
    repeats: tuple[dict[str, float], ...]  # the metrics of each run


@dataclass(frozen=True)
class Experiments:
    """Every configuration that was measured, and how many trials were not."""

    rows: tuple[Experiment, ...]
    trials: int  # complete ones, of which the rows are made
    left_out: dict[str, int]  # state: trials
    noise: dict[str, float]  # metric: the difference that rounding alone may make

    @property
    def repeated(self) -> bool:
        """Whether some configuration was run more than once."""
        return any(len(row.repeats) > 1 for row in self.rows)


def experiments_of(run: Run, metrics: tuple[str, ...]) -> Experiments:
    """The configurations of a run whose trials are complete and report all of `metrics`.

    Folds and seeds are repeats, not parameters: they are averaged, and where folds are searched a
    configuration counts when it is complete in all of them. Of two trials with the same
    configuration and seed (a baseline that was also sampled) the first counts: its numbers are
    the same numbers, not a second measurement.
    """
    over, space = repeat_paths(run.search), build_space(run.search.parameters)
    paths = [p for p in searched_paths(run) if p not in over]
    rows: dict[str, Experiment] = {}
    for found in _measured(run, metrics):
        parameters = settings(found.trials[0], paths, space)
        key = json.dumps(parameters, sort_keys=True)
        repeats = tuple(t.metrics for t in found.trials)
        rows.setdefault(key, Experiment(found.trials[0].name, parameters, means(found), repeats))
    return Experiments(
        rows=tuple(rows.values()),
        trials=sum(len(row.repeats) for row in rows.values()),
        left_out=dict(Counter(t.state for t in run.trials if t.state != "complete")),
        noise={m: max((t.noise.get(m, 0.0) for t in run.trials), default=0.0) for m in metrics},
    )


def settings(trial: TrialView, paths: list[str], space: Space) -> dict[str, Any]:
    """The trial's values of `paths`: those that it was not given are the trial section's own (of a
    line of a table: none), and those whose condition does not hold are left out."""
    known = {p: trial.value(p) for p in paths}
    given = trial.parameters
    active = {
        p: v for p, v in known.items() if p in given or (trial.config and _at_work(p, known, space))
    }
    factors, ties = space.in_factors(active), space.ties
    return {factor_name(p, ties[p].base) if p in ties else p: v for p, v in factors.items()}


def _at_work(path: str, known: dict[str, Any], space: Space) -> bool:
    return path not in space.parameters or space.is_active(path, known)


def _measured(run: Run, metrics: tuple[str, ...]) -> list[Folded]:
    folds, over = folds_of(run.search), repeat_paths(run.search)
    whole = [
        c
        for c in configurations(run.trials, over)
        if folds is None or c.different(fold_paths(run.search)) == folds
    ]
    return [c for c in whole if all(len(c.values(m)) == len(c.trials) for m in metrics)]
