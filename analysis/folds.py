"""Repeats: trials that differ only in their fold or their seed are one configuration.

Folds are complete or not: each of them holds other rows. Seeds are as many as the sampler drew:
configurations are compared where they have the most, so that none wins by a lucky one.
"""

import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import replace
from math import prod, sqrt
from typing import Any, NamedTuple

from analysis.runs import TrialView
from analysis.wording import plural
from sweeps.spec.repeats import seed_paths
from sweeps.spec.sections import SearchSpec

FOLD = "data.fold"
_FOLD = re.compile(r"(stages\.\d+\.)?data\.fold")


class Folded(NamedTuple):
    """A configuration and its complete trials, one a fold and seed, in that order."""

    parameters: dict[str, Any]  # as searched, without folds and seeds
    trials: tuple[TrialView, ...]

    def values(self, metric: str) -> list[float]:
        """The metric in each trial; those that did not report it are left out."""
        return [t.metrics[metric] for t in self.trials if metric in t.metrics]

    def different(self, paths: Sequence[str]) -> int:
        """How many different values its trials have at these paths."""
        return len({json.dumps([t.value(p) for p in paths]) for t in self.trials})


def folds_of(search: SearchSpec) -> int | None:
    """How many folds each configuration is trained on; None where folds are not searched."""
    searched = [len(search.parameters[path].values or (1,)) for path in fold_paths(search)]
    return prod(searched) if searched else None


def fold_paths(search: SearchSpec) -> tuple[str, ...]:
    """The searched paths that are folds."""
    return tuple(path for path in search.parameters if _FOLD.fullmatch(path))


def repeat_paths(search: SearchSpec) -> tuple[str, ...]:
    """The searched paths that a configuration is averaged over."""
    return (*fold_paths(search), *seed_paths(search))


def configurations(trials: Sequence[TrialView], over: Sequence[str] = (FOLD,)) -> list[Folded]:
    """Every configuration with a complete trial, in the order of their first trials. Of several
    trials of one fold and seed (a baseline that was also sampled) the first counts."""
    found: dict[str, dict[str, TrialView]] = {}
    for trial in trials:
        if trial.state == "complete":
            repeat = json.dumps([trial.value(path) for path in over])
            found.setdefault(_key(trial, over), {}).setdefault(repeat, trial)
    folded = []
    for of_each in found.values():
        ordered = sorted(of_each.values(), key=lambda t: (*_places(t, over), t.number))
        folded.append(Folded(_without(ordered[0], over), tuple(ordered)))
    return folded


def averaged(
    trials: Sequence[TrialView],
    folds: int | None,
    over: Sequence[str] = (FOLD,),
    in_folds: Sequence[str] = (FOLD,),
) -> list[TrialView]:
    """A trial for each configuration that is compared: that of its first fold and seed, with the
    means over all of them as its metrics (those that every one reports).

    Compared are configurations that are complete in all `folds` (of the paths `in_folds`), and of
    these those with the most trials.
    """
    return [mean_trial(c) for c in most_repeated(configurations(trials, over), folds, in_folds)]


def mean_trial(configuration: Folded) -> TrialView:
    """The first of its trials, with the means over all of them and their standard errors."""
    count = len(configuration.trials)
    return replace(
        configuration.trials[0],
        metrics=means(configuration),
        repeats=count,
        errors={m: spread / sqrt(count) for m, spread in spreads(configuration).items()},
    )


def most_repeated(
    found: Sequence[Folded], folds: int | None, in_folds: Sequence[str] = (FOLD,)
) -> list[Folded]:
    """The configurations that are compared: as `averaged`."""
    whole = [c for c in found if folds is None or c.different(in_folds) == folds]
    most = max((len(c.trials) for c in whole), default=0)
    return [c for c in whole if len(c.trials) == most]


def compared(trials: Sequence[TrialView], search: SearchSpec) -> list[TrialView]:
    """What is compared of a sweep: its trials, or the means of their configurations where folds or
    seeds are searched."""
    over = repeat_paths(search)
    return averaged(trials, folds_of(search), over, fold_paths(search)) if over else list(trials)


def complete_ones(trials: Sequence[TrialView]) -> str:
    """How many complete trials are compared, in words; configurations where each is several."""
    repeated = any(trial.repeats > 1 for trial in trials)
    return plural(len(trials), f"complete {'configuration' if repeated else 'trial'}")


def one_of_several(trial: TrialView, trials: Sequence[TrialView], search: SearchSpec) -> str:
    """A sentence where one trial's own numbers stand, and the means of several decide; else ""."""
    found = configuration_of(trial.trial, trials, search)
    if found is None or len(found.trials) < 2:
        return ""
    return (
        f"These are the numbers of {trial.name} by itself, one of {len(found.trials)} trials of "
        "its configuration; what was compared is their means."
    )


def configuration_of(trial: str, trials: Sequence[TrialView], search: SearchSpec) -> Folded | None:
    """The configuration that a trial is a repeat of; None where nothing is repeated."""
    over = repeat_paths(search)
    found = configurations(trials, over) if over else []
    return next((c for c in found if trial in {t.trial for t in c.trials}), None)


def means(configuration: Folded) -> dict[str, float]:
    """The mean of each metric that all trials of the configuration report."""
    shared = set.intersection(*(set(t.metrics) for t in configuration.trials))
    return {
        m: statistics.fmean(configuration.values(m))
        for m in configuration.trials[0].metrics
        if m in shared
    }


def spreads(configuration: Folded) -> dict[str, float]:
    """The standard deviation (n - 1) of each metric that all trials report; {} of one trial."""
    if len(configuration.trials) < 2:
        return {}
    return {m: statistics.stdev(configuration.values(m)) for m in means(configuration)}


def _places(trial: TrialView, over: Sequence[str]) -> list[tuple[bool, int]]:
    """To sort by: folds and seeds as numbers, last those that a trial does not have."""
    values = [trial.value(path) for path in over]
    return [(value is None, 0 if value is None else int(value)) for value in values]


def _without(trial: TrialView, over: Sequence[str]) -> dict[str, Any]:
    return {path: value for path, value in trial.parameters.items() if path not in over}


def _key(trial: TrialView, over: Sequence[str]) -> str:
    return json.dumps(_without(trial, over), sort_keys=True)
