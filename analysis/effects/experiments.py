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

OTHER = "not measured on the same rows"  # or not in every metric that the choice compares


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
    fresh: int = 0  # of `trials`, those that a confirmation ran with new seeds

    @property
    def repeated(self) -> bool:
        """Whether some configuration was run more than once."""
        return any(len(row.repeats) > 1 for row in self.rows)


def experiments_of(run: Run, metrics: tuple[str, ...]) -> Experiments:
    """The configurations of a run whose trials are complete and report all of `metrics`.

    Folds and seeds are repeats, not parameters: they are averaged, and where folds are searched a
    configuration counts when it is complete in all of them. Of two trials with the same
    configuration and seed (a baseline that was also sampled) the first counts: its numbers are
    the same numbers, not a second measurement. What a confirmation trained again are repeats of
    its configuration too, where they were judged on the same rows.
    """
    over, space = repeat_paths(run.search), build_space(run.search.parameters)
    paths = [p for p in searched_paths(run) if p not in over]
    rows: dict[str, Folded] = {}
    for found in _measured(run, metrics):
        rows.setdefault(_key(settings(found.trials[0], paths, space)), found)
    fresh: dict[str, dict[str, TrialView]] = {}  # by configuration and number of its new seed
    for own in (own for trial in run.trials for own in trial.fresh if _alike(own, trial, metrics)):
        numbered = fresh.setdefault(_key(settings(own, paths, space)), {})
        numbered.setdefault(own.trial.rpartition("/")[2], own)
    table = tuple(
        _experiment(
            found._replace(trials=(*found.trials, *fresh.get(key, {}).values())), paths, space
        )
        for key, found in rows.items()
    )
    return Experiments(
        rows=table,
        trials=sum(len(row.repeats) for row in table),
        left_out=_left_out(run, metrics),
        noise={m: max((t.noise.get(m, 0.0) for t in run.trials), default=0.0) for m in metrics},
        fresh=sum(len(fresh.get(key, {})) for key in rows),
    )


def _experiment(found: Folded, paths: list[str], space: Space) -> Experiment:
    first, repeats = found.trials[0], tuple(t.metrics for t in found.trials)
    return Experiment(first.name, settings(first, paths, space), means(found), repeats)


def _key(parameters: dict[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True)


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


def _alike(own: TrialView, trial: TrialView, metrics: tuple[str, ...]) -> bool:
    """Whether a run with a new seed says the same of a trial's configuration: on other rows (`vary:
    split`) it differs from the rest of the table by its rows too."""
    complete = own.state == "complete" and own.metrics.keys() >= {*metrics}
    return complete and own.base == trial.base


def _left_out(run: Run, metrics: tuple[str, ...]) -> dict[str, int]:
    """How many trials, and runs with new seeds, are not among them: by state, or by why."""
    states = [t.state for t in run.trials if t.state != "complete"]
    for trial in run.trials:
        others = (own for own in trial.fresh if not _alike(own, trial, metrics))
        why = (OTHER if own.state == "complete" else own.state for own in others)
        states += [f"{reason} with a new seed" for reason in why]
    return dict(Counter(states))


def _measured(run: Run, metrics: tuple[str, ...]) -> list[Folded]:
    folds, over = folds_of(run.search), repeat_paths(run.search)
    whole = [
        c
        for c in configurations(run.trials, over)
        if folds is None or c.different(fold_paths(run.search)) == folds
    ]
    return [c for c in whole if all(len(c.values(m)) == len(c.trials) for m in metrics)]
