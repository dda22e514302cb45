"""What happens between the optimizer steps of an SFT trial: log, evaluate, checkpoint, stop."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import TrainerCallback

from trainables.context import Adapter, Report, TrialContext, TrialFailed
from trainables.models.adapters import export
from trainables.schedule import evaluation_steps, logs_at, rung_steps, updates_per_epoch
from trainables.sft.config import SFTConfig
from trainables.sft.trainer import MedsweepTrainer, derived_seed

Evaluate = Callable[[], dict[str, float]]
ZERO_GRADIENT_STEPS = 3


class Progress(TrainerCallback):  # type: ignore[misc]
    """Reports a trial's progress to its context and keeps the adapter of the best step."""

    trainer: MedsweepTrainer  # set once the trainer exists; it needs its callbacks first

    def __init__(
        self, config: SFTConfig, context: TrialContext, rows: int, planned: int, evaluate: Evaluate
    ) -> None:
        self.config, self.context, self.planned, self.evaluate = config, context, planned, evaluate
        training = config.training
        per_epoch = updates_per_epoch(
            rows, training.per_device_train_batch_size, training.gradient_accumulation_steps
        )
        self.rungs = rung_steps(planned)
        self.evaluated_at = evaluation_steps(planned, per_epoch, config.evaluation.every_epochs)
        self.step = context.checkpoint.step if context.checkpoint else 0
        self.recent: list[float] = []  # step losses since the last line
        saved = context.checkpoint.state if context.checkpoint else {}
        self.loss_sum: float = saved.get("loss_sum", 0.0)
        self.best_loss: float = saved.get("best_loss", math.inf)
        self.best_step: int = saved.get("best_step", 0)
        self.best_metrics: dict[str, float] = saved.get("best_metrics", {})
        self.zero_gradients: int = saved.get("zero_gradients", 0)
        self.worse_evaluations: int = saved.get("worse_evaluations", 0)
        self.updates: int = saved.get("updates", 0)  # fp16 skips some steps' updates
        self.started = time.monotonic() - saved.get("seconds", 0.0)
        self.training: float = saved.get("training", 0.0)  # seconds within optimizer steps
        self.evaluating: float = saved.get("evaluating", 0.0)
        self.step_began = self.started
        self.best_adapter: Adapter | None = None

    @property
    def seconds(self) -> float:
        """Wall time of the trial so far, that of earlier processes included."""
        return float(time.monotonic() - self.started)

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.trainer.order.epoch = int(state.epoch or 0)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.step_began = time.monotonic()
        self.trainer.step_loss = 0.0
        # dropout masks depend on (seed, step) only, so a resumed trial draws the same ones
        torch.manual_seed(derived_seed("step", self.config.training.seed, state.global_step))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.training += time.monotonic() - self.step_began
        step = self.step = int(state.global_step)
        self.updates += not self.trainer.accelerator.optimizer_step_was_skipped
        self._check_gradient(step)
        self.recent.append(self.trainer.step_loss)
        self.loss_sum += self.trainer.step_loss
        if step in self.evaluated_at:
            self._evaluate(step, float(state.epoch))
            control.should_training_stop |= self.out_of_patience
        elif logs_at(step, self.planned):
            self.context.report(self._report(step, self._telemetry(float(state.epoch))))

    def _check_gradient(self, step: int) -> None:
        loss, norm = self.trainer.step_loss, self.trainer.grad_norm
        if not math.isfinite(loss):
            raise TrialFailed(
                f"the training loss is {loss} at step {step} (try a lower learning rate)"
            )
        self.zero_gradients = self.zero_gradients + 1 if norm == 0 else 0
        if self.zero_gradients == ZERO_GRADIENT_STEPS:
            raise TrialFailed(
                f"the gradient was exactly 0 for {ZERO_GRADIENT_STEPS} steps up to step {step}: "
                "nothing is being learnt (is the learning rate far too high? "
                "on a CPU: are 4-bit weights repacked by bitsandbytes?)"
            )

    def _evaluate(self, step: int, epoch: float) -> None:
        begun = time.monotonic()
        metrics = self.evaluate()
        self.evaluating += time.monotonic() - begun
        adapter = self._keep_if_better(step, metrics)
        state = self._state(step, epoch)
        report = self._report(step, {**self._telemetry(epoch), **metrics})
        checkpoint = self.trainer.snapshot(state)
        self.context.report(
            Report(**{**report.__dict__, "checkpoint": checkpoint, "adapter": adapter})
        )

    def _keep_if_better(self, step: int, metrics: dict[str, float]) -> Adapter | None:
        if metrics["val_loss"] >= self.best_loss:
            self.worse_evaluations += 1
            return None
        self.best_loss, self.best_step, self.best_metrics = metrics["val_loss"], step, metrics
        self.worse_evaluations = 0
        self.best_adapter = export(self.trainer.model)
        return self.best_adapter

    @property
    def out_of_patience(self) -> bool:
        """Whether `early_stopping_patience` evaluations have passed without a better val_loss."""
        patience = self.config.training.early_stopping_patience
        return patience is not None and self.worse_evaluations >= patience

    def _telemetry(self, epoch: float) -> dict[str, float]:
        mean = sum(self.recent) / len(self.recent)
        self.recent.clear()
        rate = float(self.trainer.optimizer.param_groups[0]["lr"])
        return {
            "train_loss": mean,
            "learning_rate": rate,
            "grad_norm": self.trainer.grad_norm,
            "epoch": epoch,
        }

    def _report(self, step: int, metrics: dict[str, float]) -> Report:
        return Report(
            step=step,
            planned_steps=self.planned,
            metrics=metrics,
            seconds=self.seconds,
            rung=self.rungs.get(step),
        )

    def _state(self, step: int, epoch: float) -> dict[str, Any]:
        return {
            "step": step,
            "planned_steps": self.planned,
            "epoch": epoch,
            "updates": self.updates,
            "seed": self.config.training.seed,
            "loss_sum": self.loss_sum,
            "best_loss": self.best_loss,
            "best_step": self.best_step,
            "best_metrics": self.best_metrics,
            "worse_evaluations": self.worse_evaluations,
            "zero_gradients": self.zero_gradients,
            "seconds": self.seconds,
            "training": self.training,
            "evaluating": self.evaluating,
        }
