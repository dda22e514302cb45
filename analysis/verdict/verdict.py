"""Which configuration to use, after the best ones were trained again: the verdict.

The leader is chosen with all runs of a trial, the search's own among them; what is said of it is
said of the fresh runs alone, since the run that won the search is biased (docs/choosing.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.runs import Run, TrialView
from analysis.selection import criteria
from analysis.selection.choice import Chosen, noise_of
from analysis.selection.ties import cheapest_told, thrift
from analysis.statistics.contest import Contest, contest
from analysis.statistics.crossed import Difference, difference
from analysis.statistics.several import Corrected, bonferroni
from analysis.statistics.shrinkage import Shrunk, shrink
from analysis.statistics.wins import Consistency, consistency
from analysis.verdict.evidence import Evidence, evidence
from analysis.verdict.leader import cheaper, leader_of, taken_alone

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Verdict:
    """What a confirmation says; trials are ids."""

    evidence: Evidence
    leader: str  # by all runs
    advice: str  # the leader; a baseline that it is not told from; what `cheaper` names
    contest: Contest  # the leader against each other trial, over fresh runs
    to_base: Difference | None  # the leader less the untouched base model; None: rows not kept
    optimism: Shrunk | None  # of the value that the search had of the leader
    noise: float  # a difference of no more is rounding's
    cheaper: Chosen | None = None  # what the rule takes within an error of the leader
    # of a rule that compares several metrics: each other trial by this metric, corrected for all
    # metrics and all trials; the verdicts by its other metrics; whom each new seed alone would take
    by_metric: Mapping[str, Corrected] | None = None
    also: tuple["Verdict", ...] = ()
    alone: Mapping[str, int] = field(default_factory=dict)

    @property
    def alike(self) -> tuple[str, ...]:
        """Who cannot be told from the leader by any metric that the rule compares."""
        return tuple(n for n in self.tied if all(n in other.tied for other in self.also))

    @property
    def tied(self) -> tuple[str, ...]:
        """Who cannot be told from the leader by this metric: by its new seeds, by all runs, or
        since it differs by what rounding makes; not the leader."""
        against = self.contest.against
        if self.by_metric is not None:
            return tuple(n for n, d in against.items() if not d or not self._told(n, d))
        close = [n for n, d in against.items() if d and self._is_noise(d)]
        held = [n for n in against if (b := self.believed(n)) and b[1][0] <= 0 <= b[1][1]]
        return tuple(n for n in against if n in (*self.contest.tied, *close, *held))

    @property
    def cheapest(self) -> str:
        """Of those that cannot be told apart the one that costs least: see `ties.COSTS`."""
        return min(self._same, key=thrift).trial

    @property
    def cheapest_told(self) -> str:
        """The same in words, with the reason."""
        return cheapest_told(self._same)

    @property
    def _same(self) -> list[TrialView]:
        return [self.evidence.trials[name] for name in (self.leader, *self.alike)]

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
        interval that is shown of the two; of a rule of several metrics in one of them."""
        if self.by_metric is not None:
            return any(v.better(baseline) for v in (self, *self.also))
        told = self.contest.better_than(baseline, self.evidence.lower_is_better)
        return told and baseline not in self.tied

    def better(self, other: str) -> bool:
        """Whether the leader is better than another by this metric, and told from it."""
        found = self.contest.against.get(other)
        if found is None or other in self.tied:
            return False
        return (found.estimate < 0) == self.evidence.lower_is_better

    def _told(self, name: str, found: Difference) -> bool:
        """By this metric, corrected; one seed tells nobody apart, whatever its rows say."""
        held = self.by_metric[name].interval if self.by_metric else None
        apart = held is not None and not held[0] <= 0 <= held[1]
        return apart and found.missing != "seeds" and not self._is_noise(found)

    def _is_noise(self, found: Difference) -> bool:
        return abs(found.estimate) <= self.noise


def verdict(run: Run) -> Verdict | None:
    """The verdict on a run that was confirmed; None where it was not, or no fresh run succeeded."""
    found = evidence(run)
    leader = leader_of(run, found) if found else None
    if found is None or leader is None:
        return None
    made = _by_one(found, leader)
    if found.standing is None:
        made = _by_several(run, made)
    baselines = [b for b in made.contest.to_baseline if b != leader]
    if unbeaten := [b for b in baselines if not made.beats(b)]:
        return replace(made, advice=_best_of(found, unbeaten))
    if less := cheaper(run, found, leader, _beating(made, baselines)):
        return replace(made, advice=less.trial, cheaper=less)
    return made


def _by_one(found: Evidence, leader: str) -> Verdict:
    """By one metric alone."""
    tables = {name: own for name, own in found.tables.items() if np.isfinite(own).any()}
    pool = found.asked.pool
    told = contest(
        tables,
        leader,
        [name for name in found.asked.baselines if name in tables],
        found.groups,
        found.lower_is_better,
        searched=[*pool.values()],
        search={name: pool.get(name) for name in tables},
        resampled=found.resampled,
    )
    return Verdict(
        evidence=found,
        leader=leader,
        advice=leader,
        contest=told,
        to_base=_to_base(found, leader),
        optimism=_optimism(found, leader),
        noise=noise_of(found.trials.values(), found.criterion),
    )


def _by_several(run: Run, first: Verdict) -> Verdict:
    """By every metric that the rule compares, each comparison corrected for all of them."""
    leader = first.leader
    rest = (evidence(run, criterion) for criterion in criteria(run.search)[1:])
    made = [first, *(_by_one(own, leader) for own in rest if own and len(own.runs(leader)))]
    several = bonferroni([d for one in made for d in one.contest.against.values()])
    told = [replace(v, by_metric={n: next(several) for n in v.contest.against}) for v in made]
    alone = taken_alone(run, first.evidence)
    return replace(told[0], also=tuple(told[1:]), alone=alone)


def _beating(made: Verdict, baselines: Sequence[str]) -> list[str]:
    """Who else is better than every baseline: what is cheaper is advised of these alone."""
    lower = made.evidence.lower_is_better
    others = [n for n in made.contest.against if n not in baselines]
    return [n for n in others if all(made.contest.better_than(b, lower, n) for b in baselines)]


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
