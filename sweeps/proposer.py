"""Which configuration comes next: Optuna's ask and tell over a search space.

The study lives in memory and is rebuilt from the ledger; nothing of it is ever saved. Every
suggestion has its own seed, derived from the sweep's and the trial's number, so that it depends on
the results so far and not on how often the driver was restarted.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from search_spaces.space import Space
from sweeps.samplers.registry import OPTUNA, SEQUENCES
from sweeps.samplers.seeds import derive
from sweeps.samplers.suggestion import fixed, suggest
from sweeps.spec import SearchSpec

Outcome = Literal["complete", "stopped", "failed", "infeasible"]
TRIES = 20  # for another configuration where one was already run


class Proposer:
    """Suggests configurations and learns from their results."""

    def __init__(self, search: SearchSpec, space: Space) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.search, self.space = search, space
        self.startup = min(10, max(3, search.num_trials // 2))
        self.study = optuna.create_study(directions=_directions(search))
        self.asked: dict[int, Any] = {}  # trial number → Optuna's trial
        self.seen: list[dict[str, Any]] = []

    def propose(self, number: int, baselines: int) -> dict[str, Any] | None:
        """Parameters for trial `number` (from 1; the first `baselines` are given by name).

        None where a finite sequence is exhausted. A configuration that was already run is asked
        for again a few times, then accepted: small spaces have no others.
        """
        if self.search.sampler in SEQUENCES:
            sequence = SEQUENCES[self.search.sampler]
            values = sequence(self.space, self.search.seed, number - baselines - 1)
            if values is not None:
                self.adopt(number, values)
            return values
        for attempt in range(TRIES):
            values = self._ask(number, attempt)
            if values not in self.seen or attempt == TRIES - 1:
                break
            self._withdraw(number)
        self.seen.append(values)
        return values

    def adopt(self, number: int, values: Mapping[str, Any]) -> None:
        """Take a configuration that was chosen elsewhere (a baseline, the ledger) as suggested.

        One outside the space is not told to Optuna: it stays in the tables only.
        """
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
    ) -> None:
        """The end of a trial: its objective values (complete trials), and what it measured at each
        rung (index → value) for a single objective."""
        import optuna

        states = {
            "complete": optuna.trial.TrialState.COMPLETE,
            "stopped": optuna.trial.TrialState.PRUNED,
        }
        trial = self.asked.pop(number, None)
        if trial is None:
            return
        state = states.get(outcome, optuna.trial.TrialState.FAIL)
        if len(self.search.objectives) == 1:
            for step, value in sorted(intermediate.items()):
                trial.report(value, step)
        complete = state == optuna.trial.TrialState.COMPLETE
        self.study.tell(trial, list(values or ()) if complete else None, state=state)

    def _ask(self, number: int, attempt: int) -> dict[str, Any]:
        name = self.search.sampler if self.search.sampler in OPTUNA else "random"
        seed = derive(self.search.seed, number, attempt)
        self.study.sampler = OPTUNA[name](seed, self.startup, len(self.search.objectives))
        trial = self.study.ask()
        self.asked[number] = trial
        return suggest(trial, self.space)

    def _withdraw(self, number: int) -> None:
        import optuna

        self.study.tell(self.asked.pop(number), state=optuna.trial.TrialState.FAIL)


def _directions(search: SearchSpec) -> list[str]:
    words = {"min": "minimize", "max": "maximize"}
    return [words[objective.mode] for objective in search.objectives]
