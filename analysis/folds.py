"""Cross-validation: trials that differ only in their fold are one configuration."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from analysis.runs import TrialView
from sweeps.spec.sections import SearchSpec

FOLD = "data.fold"


class Folded(NamedTuple):
    """A configuration and its complete trials, one a fold, by fold."""

    parameters: dict[str, Any]  # as searched, without the fold
    trials: tuple[TrialView, ...]

    def values(self, metric: str) -> list[float]:
        """The metric in each fold; folds that did not report it are left out."""
        return [t.metrics[metric] for t in self.trials if metric in t.metrics]


def folds_of(search: SearchSpec) -> int | None:
    """How many folds each configuration is trained on; None where folds are not searched."""
    searched = search.parameters.get(FOLD)
    return len(searched.values or (1,)) if searched else None


def configurations(trials: Sequence[TrialView]) -> list[Folded]:
    """Every configuration with a complete trial, in the order of their first trials. Of several
    trials of one fold (a baseline that was also sampled) the first counts."""
    found: dict[str, dict[Any, TrialView]] = {}
    for trial in trials:
        if trial.state == "complete":
            found.setdefault(_key(trial), {}).setdefault(trial.value(FOLD), trial)
    folded = []
    for by_fold in found.values():
        trials_of_it = sorted(by_fold.values(), key=lambda t: (str(t.value(FOLD)), t.number))
        folded.append(Folded(_without_fold(trials_of_it[0]), tuple(trials_of_it)))
    return folded


def averaged(trials: Sequence[TrialView], folds: int) -> list[TrialView]:
    """A trial for each configuration that is complete in all `folds`: that of the first fold, with
    the means over folds as its metrics (those that every fold reports)."""
    return [
        replace(configuration.trials[0], metrics=_means(configuration))
        for configuration in configurations(trials)
        if len(configuration.trials) == folds
    ]


def _means(configuration: Folded) -> dict[str, float]:
    shared = set.intersection(*(set(t.metrics) for t in configuration.trials))
    return {
        m: statistics.fmean(configuration.values(m))
        for m in configuration.trials[0].metrics
        if m in shared
    }


def _without_fold(trial: TrialView) -> dict[str, Any]:
    return {path: value for path, value in trial.parameters.items() if path != FOLD}


def _key(trial: TrialView) -> str:
    return json.dumps(_without_fold(trial), sort_keys=True)
