"""When a trial evaluates and logs: pure arithmetic on its planned steps."""

import math
from collections.abc import Mapping

from trainables.rungs import RUNGS
from trainables.training.config import TrainingConfig

LOG_LINES = 25  # lines of training loss a trial writes, besides its evaluations


def planned_steps(training: TrainingConfig, rows: int) -> int:
    """Optimizer steps of the whole trial (`max_steps` rules over epochs where set)."""
    if training.max_steps is not None:
        return training.max_steps
    return max(1, math.ceil(training.num_train_epochs * training.steps_per_epoch(rows)))


def rung_steps(planned: int, shares: Mapping[float, float] | None = None) -> dict[int, float]:
    """Step → the largest rung reached there. Every trial evaluates at these steps exactly.

    `shares`: share of the planned steps → its rung, ascending; by default each rung is its share.
    """
    reached = {rung: rung for rung in RUNGS} if shares is None else shares
    return {max(1, math.ceil(share * planned)): rung for share, rung in reached.items()}


def evaluation_steps(planned: int, per_epoch: int, every_epochs: float) -> frozenset[int]:
    """Steps after which the validation loss is measured: the schedule's and the rungs'."""
    every = max(1, round(every_epochs * per_epoch))
    return frozenset(range(every, planned + 1, every)) | rung_steps(planned).keys()


def logs_at(step: int, planned: int) -> bool:
    """Whether a line of training loss is due after `step`."""
    return step % max(1, planned // LOG_LINES) == 0
