"""Failures of the configuration's own making, for samplers that only look at complete trials.

In the study such a trial is pruned and breaks a constraint. Optuna's TPE reads that by itself; its
Gaussian process and CMA-ES would not see the trial at all. They are shown a copy of the study in
which it is complete and as bad as the worst complete trial in each objective: bad, yet no outlier
that would flatten everything else. The worst is looked up at each suggestion, so that the order in
which trials ended does not matter (a resumed sweep is told them in the order of their numbers).
"""

from collections.abc import Sequence
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
        values = [t.values for t in trials if t.state == TrialState.COMPLETE]
        if not values or not any(map(_failed, trials)):
            return study
        columns = zip(study.directions, zip(*values, strict=True), strict=True)
        worst = [max(c) if d == StudyDirection.MINIMIZE else min(c) for d, c in columns]
        seen = create_study(directions=study.directions)
        seen.add_trials([self._shown(trial, worst) for trial in trials])
        return seen

    def _shown(self, trial: FrozenTrial, worst: Sequence[float]) -> FrozenTrial:
        """A trial as the sampler sees it: where constrained, every complete one has the
        constraint, as the process over it needs."""
        failed = _failed(trial)
        if not failed and trial.state != TrialState.COMPLETE:
            return trial
        attrs = {k: v for k, v in trial.system_attrs.items() if not k.startswith("constraints")}
        return create_trial(
            values=worst if failed else trial.values,
            params=trial.params,
            distributions=trial.distributions,
            system_attrs=attrs,
            constraints={CONSTRAINT: 1.0 if failed else -1.0} if self.constrained else None,
        )


def _failed(trial: FrozenTrial) -> bool:
    return trial.constraints.get(CONSTRAINT, 0.0) > 0
