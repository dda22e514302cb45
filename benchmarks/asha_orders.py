"""How often does ASHA let the worst trial train to its end, and does it ever stop the best?

Simulated without training: the values of some trials keep their order at every rung, some of them
run at once, and which of those reports next is drawn. Eight reports a trial, at each eighth
of its steps; the rungs are at 1/8, 1/4 and 1/2. `once` judges a trial when it comes to a rung and
never again.

    python -m benchmarks.asha_orders
"""

import random
from typing import NamedTuple

from sweeps.early_stopping import asha
from sweeps.early_stopping.registry import Stopper
from sweeps.spec.sections import EarlyStopping, SearchSpec
from trainables.context import Report

ORDERS = 2000
SIZES = ((4, 2), (8, 4), (5, 1))  # trials, and how many at once
REPORTS = 8
RUNGS = {1: 0.125, 2: 0.25, 4: 0.5, 8: 1.0}


class Found(NamedTuple):
    """Of so many orders: shares in which the worst came to its end and the best did not, and the
    mean share of all steps that were done."""

    worst_escaped: float
    best_stopped: float
    steps: float


class Once(Stopper):
    """Judges a trial when it comes to a rung only."""

    def stops(self, trial: str, report: Report, exempt: bool = False) -> bool:
        """As Stopper."""
        if report.rung is None:
            return False
        own = self.values.record(trial, report.rung, float(report.metrics["val_loss"]))
        assert self.rule is not None
        inside = self.rule.grace <= report.rung < 1
        return inside and asha.stops(self.rule, self.values, trial, report.rung, own)


def ended(stopper: Stopper, values: list[float], workers: int, rng: random.Random) -> list[int]:
    """Reports that each trial made until it ended or was stopped, in one random order."""
    done, waiting = [0] * len(values), list(range(len(values)))
    running: list[int] = []
    while running or waiting:
        while waiting and len(running) < workers:
            running.append(waiting.pop(0))
        trial = rng.choice(running)
        done[trial] += 1
        metrics = {"val_loss": values[trial]}
        report = Report(done[trial], REPORTS, metrics, 0.0, RUNGS.get(done[trial]))
        if stopper.stops(str(trial), report) or done[trial] == REPORTS:
            running.remove(trial)
    return done


def simulate(kind: type[Stopper], trials: int, workers: int, orders: int = ORDERS) -> Found:
    """So many orders, drawn with a fixed seed."""
    rng, worst, best, steps = random.Random(0), 0, 0, 0
    search = SearchSpec(early_stopping=EarlyStopping(kind="asha"))
    for _ in range(orders):
        values = [float(value) for value in range(trials)]
        rng.shuffle(values)
        done = ended(kind(search), values, workers, rng)
        worst += done[values.index(trials - 1)] == REPORTS
        best += done[values.index(0)] < REPORTS
        steps += sum(done)
    return Found(worst / orders, best / orders, steps / orders / trials / REPORTS)


def main() -> None:
    """Print the table."""
    for trials, workers in SIZES:
        print(f"{ORDERS} orders of {trials} trials, {workers} at once")
        for name, kind in (("once", Once), ("again", Stopper)):
            found = simulate(kind, trials, workers)
            print(
                f"  {name:6} the worst came to its end in {found.worst_escaped:.1%}, the best was "
                f"stopped in {found.best_stopped:.1%}; {found.steps:.0%} of all steps"
            )


if __name__ == "__main__":
    main()
