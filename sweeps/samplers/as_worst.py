"""Failures of the configuration's own making, for samplers that only look at complete trials.

In the study such a trial is pruned and breaks a constraint. Optuna's TPE reads that by itself; its
Gaussian process and CMA-ES would not see the trial at all. They are shown a copy of the study in
which it is complete and as bad as the worst complete trial in each objective: bad, yet no outlier
that would flatten everything else. CMA-ES knows no constraints: what breaks one of the spec's is
shown to it as worse than the worst, the farther it breaks them (it compares by ranks alone).
The worst is looked up at each suggestion, so that the order in
which trials ended does not matter (a resumed sweep is told them in the order of their numbers).
"""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection, create_study
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeps.samplers.failures import CONSTRAINT


class AsWorst(BaseSampler):
    """A sampler that sees failures as the worst; `constrained`: as infeasible besides, where it
    models the constraint."""

    def __init__(self, inner: BaseSampler, constrained: bool) -> None:
        self.inner, self.constrained = inner, constrained

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As the sampler's own."""
        return self.inner.infer_relative_search_space(self._seen(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the sampler's own; what it notes at the trial goes into the study."""
        seen = self._seen(study)
        found = self.inner.sample_relative(seen, trial, search_space)
        if seen is not study:
            # CMA-ES notes its generation there: the same number has the same id in both
            for key, value in seen.trials[trial.number].system_attrs.items():
                study._storage.set_trial_system_attr(trial._trial_id, key, value)
        return found

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As the sampler's own."""
        return self.inner.sample_independent(study, trial, param_name, param_distribution)

    def _seen(self, study: Study) -> Study:
        """The study as the sampler sees it: itself while nothing failed, or nothing is complete."""
        trials = study.get_trials(deepcopy=False)
        complete = [t for t in trials if t.state == TrialState.COMPLETE]
        values = [t.values for t in complete]
        if not values or not any(map(self._is_shown_otherwise, trials)):
            return study
        columns = zip(study.directions, zip(*values, strict=True), strict=True)
        worst = [max(c) if d == StudyDirection.MINIMIZE else min(c) for d, c in columns]
        seen = create_study(directions=study.directions)
        told = _mean_constraints(complete)
        minimised = [direction == StudyDirection.MINIMIZE for direction in study.directions]
        seen.add_trials([self._shown(trial, worst, minimised, told) for trial in trials])
        return seen

    def _is_shown_otherwise(self, trial: FrozenTrial) -> bool:
        return _failed(trial) or (not self.constrained and _broken(trial) > 0)

    def _shown(
        self,
        trial: FrozenTrial,
        worst: Sequence[float],
        minimised: Sequence[bool],
        told: dict[str, float],
    ) -> FrozenTrial:
        """A trial as the sampler sees it: where constrained, every complete one has the same
        constraints, as the processes over them need; of a failure those of the spec are the means
        of the others, since nothing is known."""
        failed = _failed(trial)
        if not failed and trial.state != TrialState.COMPLETE:
            return trial
        broken = 0.0 if self.constrained or failed else _broken(trial)
        beyond = [
            w + broken if low else w - broken for w, low in zip(worst, minimised, strict=True)
        ]
        own = {CONSTRAINT: 1.0 if failed else -1.0, **(told if failed else trial.constraints)}
        attrs = {k: v for k, v in trial.system_attrs.items() if not k.startswith("constraints")}
        return create_trial(
            values=beyond if failed or broken else trial.values,
            params=trial.params,
            distributions=trial.distributions,
            system_attrs=attrs,
            constraints=own if self.constrained else None,
        )


def _failed(trial: FrozenTrial) -> bool:
    return trial.constraints.get(CONSTRAINT, 0.0) > 0


def _broken(trial: FrozenTrial) -> float:
    """By how much a complete trial breaks constraints, in all; 0 where it keeps them."""
    return sum(value for value in trial.constraints.values() if value > 0)


def _mean_constraints(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    """Of each of the spec's constraints the mean over complete trials."""
    names = trials[0].constraints
    return {name: fmean(trial.constraints[name] for trial in trials) for name in names}
