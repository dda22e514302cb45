"""Which configuration to use, after the best ones were trained again: the verdict.

The leader is chosen with all runs of a trial, the search's own among them; what is said of it is
said of the fresh runs alone, since the run that won the search is biased (docs/choosing.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from analysis.runs import Run, TrialView
from analysis.selection import choose
from analysis.selection.choice import broken, noise_of
from analysis.selection.ties import thrift
from analysis.statistics.contest import Contest, contest
from analysis.statistics.crossed import Difference, difference
from analysis.statistics.shrinkage import Shrunk, shrink
from analysis.statistics.wins import Consistency, consistency
from analysis.verdict.evidence import Evidence, evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Verdict:
    """What a confirmation says; trials are ids."""

    evidence: Evidence
    leader: str  # by all runs
    advice: str  # the leader; a baseline that it is not told from; or of those that tie the leader
    contest: Contest  # the leader against each other trial, over fresh runs
    to_base: Difference | None  # the leader less the untouched base model; None: rows not kept
    optimism: Shrunk | None  # of the value that the search had of the leader
    noise: float  # a difference of no more is rounding's

    @property
    def tied(self) -> tuple[str, ...]:
        """Who cannot be told from the leader: by its new seeds, by all runs, or since it differs by
        what rounding makes; not the leader."""
        against = self.contest.against
        close = [n for n, d in against.items() if d and self._is_noise(d)]
        held = [n for n in against if (b := self.believed(n)) and b[1][0] <= 0 <= b[1][1]]
        return tuple(n for n in against if n in (*self.contest.tied, *close, *held))

    @property
    def cheapest(self) -> str:
        """Of those that cannot be told apart the one that costs least: see `ties.COSTS`."""
        alike = [self.evidence.trials[name] for name in (self.leader, *self.tied)]
        return min(alike, key=thrift).trial

    def name(self, trial: str) -> str:
        """What tables call a trial."""
        return self.evidence.trials[trial].name

    def believed(self, other: str) -> tuple[float, tuple[float, float]] | None:
        """By how much the other is above the leader, from all runs, with a 95% interval that holds
        although the leader was chosen among them; None where there is none, or where a seed of
        either failed: what counts for it is no value that the trial has when it trains."""
        if self.evidence.failed[other] or self.evidence.failed[self.leader]:
            return None
        now = self.contest.believed
        place = next((c for c in now.candidates if c.name == other), None)
        if place is None or now.leader.name != self.leader or self.evidence.standing is None:
            return None
        return place.mean - now.leader.mean, place.apart

    @property
    def agreement(self) -> Consistency | None:
        """How alike the leader's seeds answer; None where its rows are not right or wrong."""
        own = self.evidence.tables[self.leader]
        if own.ndim == 1 or not np.isin(own[np.isfinite(own)], (0.0, 1.0)).all():
            return None
        return consistency(own[np.isfinite(own).all(axis=1)])

    def beats(self, baseline: str) -> bool:
        """Whether the leader is better than a baseline beyond chance and rounding, by every
        interval that is shown of the two."""
        told = self.contest.better_than(baseline, self.evidence.lower_is_better)
        return told and baseline not in self.tied

    def _is_noise(self, found: Difference) -> bool:
        return abs(found.estimate) <= self.noise


def verdict(run: Run) -> Verdict | None:
    """The verdict on a run that was confirmed; None where it was not, or no fresh run succeeded."""
    found = evidence(run)
    leader = _leader(run, found) if found else None
    if found is None or leader is None:
        return None
    tables = {name: own for name, own in found.tables.items() if np.isfinite(own).any()}
    baselines = [name for name in found.asked.baselines if name in tables]
    pool = found.asked.pool
    told = contest(
        tables,
        leader,
        baselines,
        found.groups,
        found.lower_is_better,
        searched=[*pool.values()],
        search={name: pool.get(name) for name in tables},
        resampled=found.resampled,
    )
    made = Verdict(
        evidence=found,
        leader=leader,
        advice=leader,
        contest=told,
        to_base=_to_base(found, leader),
        optimism=_optimism(found, leader),
        noise=noise_of(found.trials.values(), found.criterion),
    )
    unbeaten = [b for b in baselines if b != leader and not made.beats(b)]
    return replace(made, advice=_best_of(found, unbeaten)) if unbeaten else made


def means(trial: TrialView, own: bool = False) -> dict[str, float]:
    """The mean of every metric that all of a trial's fresh runs report, with `own` over the run of
    the search too; runs that gave none are left out."""
    views = [view for view in trial.fresh if view.state == "complete"]
    views += [trial] if own else []
    shared = set.intersection(*(set(v.metrics) for v in views)) if views else set()
    return {m: fmean(v.metrics[m] for v in views) for m in (*trial.metrics,) if m in shared}


def _leader(run: Run, found: Evidence) -> str | None:
    """The best by all runs: where one metric decides by what is believed of it, which moves few
    runs towards what all trials of the search are like; else by the rule, of the means."""
    averaged = {n: replace(t, metrics=means(t, own=True)) for n, t in found.trials.items()}
    able = [
        name
        for name, trial in averaged.items()
        if len(found.runs(name)) and not broken(trial, run.search)
    ]
    if found.standing is not None:
        order = (candidate.name for candidate in found.standing.candidates)
        return next((name for name in order if name in able), None)
    choice = choose([averaged[name] for name in able], run.search)
    return choice.trial if choice else None


def _best_of(found: Evidence, names: Sequence[str]) -> str:
    """By the mean of the fresh runs."""
    sign = 1 if found.lower_is_better else -1
    return min(names, key=lambda name: sign * float(found.runs(name).mean()))


def _to_base(found: Evidence, leader: str) -> Difference | None:
    """The base model has no seeds: it is the same beside each of the leader's."""
    if found.base is None:
        return None
    own = found.tables[leader]
    base: NDArray[np.float64] = np.where(np.isfinite(own), found.base, np.nan)
    return difference(own, base, found.groups)


def _optimism(found: Evidence, leader: str) -> Shrunk | None:
    pool, now = found.asked.pool, found.standing
    if now is None or leader not in pool:
        return None
    return shrink([*pool.values()], pool[leader], now.seed_sd**2, found.lower_is_better)
