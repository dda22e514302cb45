"""Which configuration comes next: Optuna's ask and tell over a search space.

The study lives in memory and is rebuilt from the ledger; nothing of it is ever saved. Every
suggestion has its own seed, derived from the sweep's and the trial's number, so that it depends on
the results so far and not on how often the driver was restarted.
"""

import itertools
import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from search_spaces.schema import adapter_at, in_entry, value_at
from search_spaces.space import Space
from search_spaces.values import same_value
from sweeps.samplers.constraints import Excess
from sweeps.samplers.failures import Outcome, tell_bad
from sweeps.samplers.registry import OPTUNA, REPLAYED, SEQUENCES
from sweeps.samplers.seeds import derive
from sweeps.samplers.suggestion import fixed, suggest
from sweeps.spec.sections import SearchSpec
from trainables.kinds import TrialConfig

TRIES = 20  # for another configuration where one was already run
REST = 1000  # points looked at where those tries fail; a finite space may have billions


class Proposer:
    """Suggests configurations and learns from their results."""

    def __init__(self, search: SearchSpec, space: Space) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.search, self.whole = search, space
        self.space = space.factors  # what is sampled: of tied parameters the factors
        self.startup = min(10, max(3, search.num_trials // 2))
        self.study = optuna.create_study(directions=_directions(search))
        self.asked: dict[int, Any] = {}  # trial number → Optuna's trial
        self.seen: list[dict[str, Any]] = []

    @property
    def learns(self) -> bool:
        """Whether what is suggested depends on results."""
        return self.search.sampler not in {"random", *SEQUENCES}

    def next(self, number: int, trial: TrialConfig) -> tuple[str | None, dict[str, Any]] | None:
        """Label and parameters of trial `number` (from 1): the baselines first, which keep the
        trial's own values in what they do not name. None as in `propose`."""
        baselines = list(self.search.baselines.items())
        if number > len(baselines):
            parameters = self.propose(number, len(baselines))
            return None if parameters is None else (None, parameters)
        label, named = baselines[number - 1]
        whole = whole_baseline(trial, self.whole, named)
        self.adopt(number, whole)
        return label, whole

    def propose(self, number: int, baselines: int) -> dict[str, Any] | None:
        """Parameters for trial `number` (from 1; the first `baselines` are given by name).

        None where a finite sequence is exhausted. What was already run is not run again while a
        finite space has other points.
        """
        sampled = self._propose(number, baselines)
        return None if sampled is None else self.whole.in_products(sampled)

    def _propose(self, number: int, baselines: int) -> dict[str, Any] | None:
        if self.search.sampler in SEQUENCES:
            return self._read(number, baselines)
        for attempt in range(TRIES):
            values = self._ask(number, attempt)
            if not self._was_run(values):
                self.seen.append(values)
                return values
            self._withdraw(number)
        return self._other(number, values)

    def _read(self, number: int, baselines: int) -> dict[str, Any] | None:
        """The next point of a sequence; all before the first index tried here were run."""
        sequence, first = SEQUENCES[self.search.sampler], number - baselines - 1
        values: dict[str, Any] = {}
        for index in range(first, first + baselines + TRIES):
            point = sequence(self.space, self.search.seed, index)
            if point is None:
                return None
            values = point
            if not self._was_run(values):
                self._adopt(number, values)
                return values
        return self._other(number, values)

    def _was_run(self, values: Mapping[str, Any]) -> bool:
        return any(same_value(values, earlier) for earlier in self.seen)

    def _other(self, number: int, values: dict[str, Any]) -> dict[str, Any]:
        """A point of a finite space that was not run, else `values` again."""
        finite = self.space.points() if self.space.size() is not None else iter(())
        fresh = (point for point in finite if not self._was_run(point))
        rest = list(itertools.islice(fresh, REST)) or [values]
        chosen = random.Random(derive(self.search.seed, number, "other")).choice(rest)
        self._adopt(number, chosen)
        return chosen

    def configuration_of(self, trial: str) -> str:
        """Each trial is a configuration of its own."""
        return trial

    def adopt(self, number: int, values: Mapping[str, Any]) -> None:
        """Take a configuration that was chosen elsewhere (a baseline, the ledger) as suggested.

        One outside the space is not told to Optuna: it stays in the tables only.
        """
        self._adopt(number, self.whole.in_factors(values))

    def _adopt(self, number: int, values: Mapping[str, Any]) -> None:
        """The same of a configuration in factors."""
        self.seen.append(dict(values))
        if not self.space.contains(values):
            return
        self.study.enqueue_trial(fixed(self.space, values))
        self._ask(number, 0)

    def tell(
        self,
        number: int,
        outcome: Outcome,
        values: Sequence[float] | None,
        intermediate: Mapping[int, float],
        excess: Excess | None = None,
    ) -> None:
        """The end of a trial: its objective values and how far it breaks each of the spec's
        constraints (complete trials), and what it measured at each rung (index → value) for a
        single objective. One that failed or did not fit teaches that its
        configuration is bad; one that was lost teaches nothing."""
        import optuna

        states = {
            "complete": optuna.trial.TrialState.COMPLETE,
            "stopped": optuna.trial.TrialState.PRUNED,
        }
        trial = self.asked.pop(number, None)
        if trial is None:
            return
        if outcome in ("failed", "infeasible"):
            tell_bad(self.study, trial)
            return
        state = states.get(outcome, optuna.trial.TrialState.FAIL)
        if len(self.search.objectives) == 1:
            for step, value in sorted(intermediate.items()):
                trial.report(value, step)
        complete = state == optuna.trial.TrialState.COMPLETE
        for name, beyond in (excess or {}).items() if complete and self.learns else ():
            trial.set_constraint(name, beyond)
        self.study.tell(trial, list(values or ()) if complete else None, state=state)

    def _ask(self, number: int, attempt: int) -> dict[str, Any]:
        name = self.search.sampler if self.search.sampler in OPTUNA else "random"
        seed = derive(self.search.seed, number, attempt)
        self.study.sampler = OPTUNA[name](seed, self.startup, len(self.search.objectives))
        trial = self.study.ask()
        self.asked[number] = trial
        if name in REPLAYED:
            _ = trial.relative_params  # Optuna leaves it out where all values are fixed
        return suggest(trial, self.space)

    def _withdraw(self, number: int) -> None:
        import optuna

        self.study.tell(self.asked.pop(number), state=optuna.trial.TrialState.FAIL)


def whole_baseline(trial: TrialConfig, space: Space, named: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline in full: what it does not name keeps the trial section's own value."""
    values: dict[str, Any] = {}
    for path in space.order:
        if path in named:
            values[path] = named[path]
        elif space.is_active(path, values):
            values[path] = _as_written(trial, space, path, value_at(trial, path))
    return values


def _as_written(trial: TrialConfig, space: Space, path: str, value: Any) -> Any:
    """A whole section as the search writes it, where one of its values means the same."""
    if not isinstance(value, dict):
        return value
    adapter = adapter_at(*in_entry(type(trial), path, trial.model_dump(mode="json")))
    written = (v for v in space.parameters[path].probes() if isinstance(v, dict))
    same = (
        v for v in written if adapter.dump_python(adapter.validate_python(v), mode="json") == value
    )
    return next(same, value)


def _directions(search: SearchSpec) -> list[Literal["minimize", "maximize"]]:
    words: dict[str, Literal["minimize", "maximize"]] = {"min": "minimize", "max": "maximize"}
    return [words[objective.mode] for objective in search.objectives]
