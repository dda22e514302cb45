"""Who leads a confirmation: the best by what is believed of one metric, or by the rule, of means.

Means are over all runs of a trial, the search's own among them. A seed that failed counts as the
worst value at hand, as it does in the race.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import sqrt
from statistics import fmean, stdev

from analysis.runs import Run, TrialView
from analysis.selection import RULES, criteria
from analysis.selection.choice import Chosen, Criterion, broken, eligible
from analysis.verdict.evidence import Evidence, number_of

WITHIN = "one_standard_error"  # the rule that takes less than the best where that costs less


def means(trial: TrialView, own: bool = False) -> dict[str, float]:
    """The mean of every metric that all of a trial's fresh runs report, with `own` over the run of
    the search too; runs that gave none are left out."""
    views = [view for view in trial.fresh if view.state == "complete"]
    views += [trial] if own else []
    shared = set.intersection(*(set(v.metrics) for v in views)) if views else set()
    return {m: fmean(v.metrics[m] for v in views) for m in (*trial.metrics,) if m in shared}


def leader_of(run: Run, found: Evidence) -> str | None:
    """The best by all runs: where one metric decides by what is believed of it, which moves few
    runs towards what all trials of the search are like; else by the rule, of the means."""
    able = _able(run, found)
    if found.standing is not None:
        order = (candidate.name for candidate in found.standing.candidates)
        return next((name for name in order if name in able), None)
    choice = RULES[run.search.selection.rule](_counted(run, found, able), run.search)
    return choice.trial if choice else None


def cheaper(run: Run, found: Evidence, leader: str, names: Iterable[str]) -> Chosen | None:
    """What the rule `one_standard_error` takes of the leader and these trials, by what is believed
    of each; None for every other rule, and where it takes the leader."""
    if run.search.selection.rule != WITHIN or found.standing is None:
        return None
    places = {candidate.name: candidate.mean for candidate in found.standing.candidates}
    metric, able = found.criterion.metric, _able(run, found)
    runs = found.runs(leader)
    error = stdev(map(float, runs)) / sqrt(len(runs)) if len(runs) > 1 else 0.0
    among = [
        replace(
            able[name],
            metrics={**able[name].metrics, metric: places[name]},
            repeats=max(1, len(runs)),
            errors={metric: error},
        )
        for name in dict.fromkeys((leader, *names))
        if name in able and name in places
    ]
    choice = RULES[WITHIN](among, run.search)
    return choice if choice and choice.trial != leader else None


def taken_alone(run: Run, found: Evidence) -> Mapping[str, int]:
    """How many of the new seeds would have made the rule take which trial, each seed by itself; of
    those seeds alone that every trial has a whole run of."""
    by_seed: dict[int, list[TrialView]] = {}
    for trial in found.trials.values():
        for view in trial.fresh:
            alone = replace(trial, metrics=view.metrics, state=view.state)
            by_seed.setdefault(number_of(view), []).append(alone)
    sought = criteria(run.search)
    whole = [vs for vs in by_seed.values() if len(eligible(vs, sought)) == len(found.trials)]
    choices = (RULES[run.search.selection.rule](views, run.search) for views in whole)
    return Counter(choice.trial for choice in choices if choice)


def _able(run: Run, found: Evidence) -> dict[str, TrialView]:
    """The trials that may lead, with the means of all runs: those with a fresh run that keep the
    constraints."""
    averaged = {n: replace(t, metrics=means(t, own=True)) for n, t in found.trials.items()}
    return {
        name: trial
        for name, trial in averaged.items()
        if len(found.runs(name)) and not broken(trial, run.search)
    }


def _counted(run: Run, found: Evidence, able: Mapping[str, TrialView]) -> list[TrialView]:
    """Their means with each failed seed as a run that is as bad as the worst at hand."""
    worst = {c: _worst(run, c) for c in criteria(run.search)}
    counted = []
    for name, trial in able.items():
        failed = found.failed[name]
        ended = 1 + sum(view.state == "complete" for view in trial.fresh)
        pulled = {
            c.metric: (ended * trial.metrics[c.metric] + failed * bad) / (ended + failed)
            for c, bad in worst.items()
            if c.metric in trial.metrics and bad is not None
        }
        counted.append(replace(trial, metrics={**trial.metrics, **pulled}))
    return counted


def _worst(run: Run, criterion: Criterion) -> float | None:
    """Of all complete runs, the fresh ones among them."""
    views: Sequence[TrialView] = [v for t in run.trials for v in (t, *t.fresh)]
    values = [
        view.metrics[criterion.metric]
        for view in views
        if view.state == "complete" and criterion.metric in view.metrics
    ]
    return (max if criterion.mode == "min" else min)(values, default=None)
