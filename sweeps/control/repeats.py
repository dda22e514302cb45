"""A sampler over configurations, each of which is trained once a seed.

The sampler never sees a seed: it suggests a configuration, and once all its trials have ended it is
told what they reached together. So it cannot learn that one seed is lucky.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from types import MappingProxyType
from typing import Any, NamedTuple

from search_spaces.space import Space
from sweeps.control.proposer import Proposer
from sweeps.run_folder.entry import trial_name
from sweeps.samplers.constraints import Excess
from sweeps.samplers.failures import Outcome
from sweeps.spec.repeats import repeats_of
from sweeps.spec.sections import SearchSpec
from trainables.kinds import TrialConfig

Seeds = dict[str, Any]


class End(NamedTuple):
    """How a trial ended, its objective values, and what it measured at each rung."""

    outcome: Outcome
    values: Sequence[float] | None
    rungs: Mapping[int, float]
    excess: Excess = MappingProxyType({})  # how far it breaks each of the spec's constraints


@dataclass
class Configuration:
    """A configuration, the seeds of its trials, and how those that ended did."""

    number: int  # of the configuration, from 1: what the sampler calls it
    values: dict[str, Any]
    seeds: dict[int, Seeds] = field(default_factory=dict)  # by the trial's number
    ended: dict[int, End] = field(default_factory=dict)
    told: bool = False


class RepeatedProposer:
    """As Proposer, each configuration once a seed; trials of one configuration are numbered in a
    row."""

    def __init__(self, search: SearchSpec, space: Space, repeats: Sequence[Seeds]) -> None:
        self.search, self.space, self.repeats = search, space, list(repeats)
        self.paths = list(repeats[0])
        self.inner = Proposer(search, space.without(self.paths))
        self.found: dict[str, Configuration] = {}  # in the order of their first trials
        self.of_trial: dict[int, Configuration] = {}
        self.called: dict[str, str] = {}  # trial → its configuration

    @property
    def learns(self) -> bool:
        """Whether what is suggested depends on results."""
        return self.inner.learns

    def next(self, number: int, trial: TrialConfig) -> tuple[str | None, dict[str, Any]] | None:
        """Label and parameters of trial `number`: the next seed of the configuration under way, or
        the first of another. None as in Proposer."""
        under_way = next(reversed(self.found.values()), None)
        if under_way is None or not self._missing(under_way):
            suggested = self.inner.next(len(self.found) + 1, trial)
            if suggested is None:
                return None
            under_way = self._begin(suggested[1])
        seeds = self._missing(under_way)[0]
        self._add(number, under_way, seeds)
        return self._label(under_way, seeds), self._whole(under_way, seeds)

    def adopt(self, number: int, values: Mapping[str, Any]) -> None:
        """Take a trial of the ledger as suggested."""
        seeds = {path: values[path] for path in self.paths if path in values}
        own = {path: value for path, value in values.items() if path not in seeds}
        known = self.found.get(_key(own))
        if known is None:
            known = self._begin(own)
            self.inner.adopt(known.number, own)
        self._add(number, known, seeds)

    def tell(
        self,
        number: int,
        outcome: Outcome,
        values: Sequence[float] | None,
        intermediate: Mapping[int, float],
        excess: Excess | None = None,
    ) -> None:
        """The end of a trial, as Proposer; the sampler hears of it with the others of its
        configuration."""
        if number not in self.of_trial:
            return
        self.of_trial[number].ended[number] = End(outcome, values, intermediate, excess or {})
        for configuration in self.found.values():
            if not configuration.told and self._is_over(configuration):
                configuration.told = True
                self.inner.tell(configuration.number, *_together([*configuration.ended.values()]))

    def configuration_of(self, trial: str) -> str:
        """What a trial's configuration is called; the same for all its seeds."""
        return self.called.get(trial, trial)

    def _begin(self, values: dict[str, Any]) -> Configuration:
        key = _key(values)
        if key in self.found:  # the sampler had nothing new: its trials are repeated
            key = f"{key}#{len(self.found) + 1}"
        self.found[key] = Configuration(len(self.found) + 1, values)
        return self.found[key]

    def _add(self, number: int, configuration: Configuration, seeds: Seeds) -> None:
        configuration.seeds[number] = seeds
        self.of_trial[number] = configuration
        self.called[trial_name(number)] = f"configuration {configuration.number}"

    def _missing(self, configuration: Configuration) -> list[Seeds]:
        return [seeds for seeds in self.repeats if seeds not in configuration.seeds.values()]

    def _is_over(self, configuration: Configuration) -> bool:
        """Whether all its trials have ended, and no more will come."""
        last = configuration is next(reversed(self.found.values()))
        more = len(self.of_trial) < self.search.trainings
        coming = last and more and self._missing(configuration)
        return not coming and len(configuration.ended) == len(configuration.seeds)

    def _label(self, configuration: Configuration, seeds: Seeds) -> str | None:
        """A baseline's name, after its first trial with the seed."""
        names = list(self.search.baselines)
        if configuration.number > len(names):
            return None
        name = names[configuration.number - 1]
        if len(configuration.seeds) == 1:
            return name
        return f"{name}, seed {', '.join(map(str, dict.fromkeys(seeds.values())))}"

    def _whole(self, configuration: Configuration, seeds: Seeds) -> dict[str, Any]:
        """All parameters, in the order of the space."""
        values = {**configuration.values, **seeds}
        return {path: values[path] for path in self.space.order if path in values}


def proposer_of(search: SearchSpec, space: Space) -> Proposer | RepeatedProposer:
    """What suggests a sweep's trials."""
    repeats = repeats_of(search)
    return RepeatedProposer(search, space, repeats) if repeats else Proposer(search, space)


def _key(values: Mapping[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def _together(
    ends: Sequence[End],
) -> tuple[Outcome, list[float] | None, dict[int, float], dict[str, float]]:
    """What a configuration's trials reached together: means over those that were completed. One
    that failed or did not fit counts against the configuration; one that was lost says nothing."""
    outcomes = [end.outcome for end in ends]
    worst: tuple[Outcome, ...] = ("failed", "infeasible", "stopped", "complete")
    outcome: Outcome = next((o for o in worst if o in outcomes), "lost")
    values = [end.values for end in ends if end.outcome == "complete" and end.values is not None]
    means = [fmean(column) for column in zip(*values, strict=True)]
    rungs = [dict(end.rungs) for end in ends if end.rungs]
    shared = set.intersection(*map(set, rungs)) if rungs else set()
    at_rungs = {rung: fmean(of[rung] for of in rungs) for rung in sorted(shared)}
    told = [end.excess for end in ends if end.outcome == "complete"]
    beyond = {name: fmean(of[name] for of in told) for name in told[0]} if told else {}
    return outcome, means or None, at_rungs, beyond
