"""Between the steps of TRL's trainer: seeds, evaluation, and the trial's progress."""

import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import TrainerCallback

from trainables.evaluation.measure import Loss
from trainables.isolated.resuming import Resuming
from trainables.models.trained import export
from trainables.saved import Checkpoint, SavedAdapter
from trainables.seeds import derived_seed
from trainables.training.progress import TrialProgress


class Course(TrainerCallback):  # type: ignore[misc]
    """Tells `progress` of each step, and measures the model where it is due."""

    trainer: Resuming  # set once the trainer exists; it needs its callbacks first

    def __init__(self, progress: TrialProgress, measure: Callable[[], Loss]) -> None:
        self.progress, self.measure = progress, measure
        self.began = 0.0

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.trainer.order.epoch = int(state.epoch or 0)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.began = time.monotonic()
        self.trainer.step_loss = 0.0
        # dropout masks depend on (seed, step) only, so a resumed trial draws the same ones
        seed = self.progress.config.training.seed
        torch.manual_seed(derived_seed("step", seed, state.global_step))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        trainer, progress = self.trainer, self.progress
        progress.updates += not trainer.accelerator.optimizer_step_was_skipped
        progress.step_done(
            loss=trainer.step_loss,
            grad_norm=trainer.grad_norm,
            penalty=trainer.step_penalty,
            rate=float(trainer.optimizer.param_groups[0]["lr"]),
            epoch=float(state.epoch),
            seconds=time.monotonic() - self.began,
            **trainer.watched(),
        )
        progress.save_if_asked(self)
        if progress.due:
            begun = time.monotonic()
            loss = self.measure()
            progress.evaluated(loss, self, time.monotonic() - begun)
            control.should_training_stop |= progress.out_of_patience

    def export(self) -> SavedAdapter:
        """As Weights."""
        return export(self.trainer.model)

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """As Weights."""
        return self.trainer.snapshot(state)
