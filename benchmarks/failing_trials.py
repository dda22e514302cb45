"""How often does a sampler suggest what cannot be trained, once trials have failed?

A simulation without training: `learning_rate` (log-uniform, 1e-4 to 1) above 3e-3 diverges, below
it the loss has its least at 1e-3 and falls with the rank. Of 40 trials the first 20 are left out.
`stopping` ends the worse half of the others at a rung, as early stopping does.

    python -m benchmarks.failing_trials [SAMPLER ...]
"""

import sys
from collections.abc import Callable
from math import log10
from statistics import mean
from typing import Any, NamedTuple

from search_spaces.parameters import Parameter
from search_spaces.space import build_space
from sweeps.control.proposer import Proposer
from sweeps.samplers.failures import Outcome
from sweeps.spec.sections import SearchSpec

LIMIT = 3e-3
RATE, RANK = "training.learning_rate", "lora.r"
PARAMETERS: dict[str, Any] = {
    RATE: {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
    RANK: {"values": [4, 8, 16]},
}
TRIALS, SEEDS = 40, 8
Told = tuple[Outcome, float | None]


class Found(NamedTuple):
    """Of one search: how many of the trials 21 to 40 diverged, and the best loss of all."""

    diverged: int
    best: float


def loss(values: dict[str, Any]) -> float:
    """What a trial that trains measures at its end."""
    return float(2 + (log10(values[RATE]) + 3) ** 2 + 0.4 / values[RANK])


def search(
    sampler: str, seed: int, trials: int = TRIALS, stopping: bool = False, bad: Outcome = "failed"
) -> Found:
    """One search; `bad` is what a diverging trial is told as."""
    content = {"parameters": PARAMETERS, "sampler": sampler, "num_trials": trials, "seed": seed}
    space = build_space({path: Parameter.model_validate(p) for path, p in PARAMETERS.items()})
    proposer = Proposer(SearchSpec.model_validate(content), space)
    rates, losses, at_rung = [], [], list[float]()
    for number in range(1, trials + 1):
        values = proposer.propose(number, 0)
        assert values is not None
        rates.append(values[RATE])
        if values[RATE] > LIMIT:
            proposer.tell(number, bad, None, {})
            continue
        value = loss(values)
        below = sum(other < value for other in at_rung) >= (len(at_rung) + 1) / 2
        at_rung.append(value)
        if stopping and below:
            proposer.tell(number, "stopped", None, {1: value + 1})
            continue
        losses.append(value)
        proposer.tell(number, "complete", [value], {1: value + 1})
    return Found(sum(rate > LIMIT for rate in rates[trials // 2 :]), min(losses, default=9.0))


def line(name: str, one: Callable[[int], Found]) -> str:
    """A row of the table: means over the seeds."""
    found = [one(seed) for seed in range(SEEDS)]
    diverged, best = mean(f.diverged for f in found), mean(f.best for f in found)
    return f"{name:34} {diverged:5.1f} of 20 diverge; best loss {best:.4f}"


def main(samplers: list[str]) -> None:
    """Print the table."""
    print(line("random", lambda seed: search("random", seed)))
    for name in samplers:
        print(line(f"{name}, failures ignored", lambda seed: search(name, seed, bad="lost")))  # noqa: B023
        print(line(name, lambda seed: search(name, seed)))  # noqa: B023
        print(line(f"{name}, half stopped", lambda seed: search(name, seed, stopping=True)))  # noqa: B023


if __name__ == "__main__":
    main(sys.argv[1:] or ["tpe", "gp", "cmaes"])
