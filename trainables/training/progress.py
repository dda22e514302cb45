"""A trial's course between its optimizer steps, the same in every engine: what is logged, when it
evaluates and stops, which adapter is kept, what a checkpoint remembers."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from trainables.context import Report, TrialContext
from trainables.evaluation.measure import Loss, Predictions, evaluation_facts
from trainables.evaluation.row_results import RowTable
from trainables.heartbeat import beat
from trainables.preemption import SAVE
from trainables.saved import Diverged, SavedAdapter
from trainables.training import evaluation_times
from trainables.training.config import SingleTrial
from trainables.training.evaluation_times import logs_at, planned_steps, rung_steps
from trainables.training.order import example_lengths, tokens_of_steps
from trainables.training.weights import Weights

ZERO_GRADIENT_STEPS = 3
StepCriterion = Callable[[Mapping[str, float]], float]


class TrialProgress:
    """Reports a trial's progress to its context and keeps the adapter of the best step.

    `engine` is its name in records. `clock` gives the seconds that count as the trial's, in this
    process; by default wall time. `rungs`: share of this training → rung of the whole trial that
    is reached there, where this is a stage of one. The best step has the least `criterion` of
    evaluations. With `may_rest` a gradient of 0 is no failure: equal rewards give none.
    """

    def __init__(
        self,
        config: SingleTrial,
        context: TrialContext,
        engine: str,
        clock: Callable[[], float] = time.monotonic,
        rungs: Mapping[float, float] | None = None,
        criterion: StepCriterion = itemgetter("val_loss"),
        may_rest: bool = False,
    ) -> None:
        self.config, self.context, self.clock = config, context, clock
        self.criterion, self.may_rest = criterion, may_rest
        self.engine = {"engine": engine}
        self.finished = False
        rows = len(example_lengths(context.prepared.train, config.kind))
        per_epoch = config.training.steps_per_epoch(rows)
        self.planned = planned_steps(config.training, rows)
        self.rungs = rung_steps(self.planned, rungs)
        every = config.evaluation.every_epochs
        self.evaluated_at = (
            evaluation_times.evaluation_steps(self.planned, per_epoch, every) | self.rungs.keys()
        )
        saved = context.checkpoint.state if context.checkpoint else {}
        self.step: int = saved.get("step", 0)
        self.epoch: float = saved.get("epoch", 0.0)
        self.recent: list[float] = list(saved.get("recent", ()))  # step losses since the last line
        self._saved = False  # whether `save_if_asked` did
        self.telemetry: dict[str, float] = {}
        self.loss_sum: float = saved.get("loss_sum", 0.0)
        self.best_loss: float = saved.get("best_loss", math.inf)  # by the criterion
        self.best_step: int = saved.get("best_step", 0)
        metrics, components = saved.get("best_metrics", {}), saved.get("best_components", {})
        self.best = Loss(metrics, components, tuple(saved.get("best_rows", ())))
        self.zero_gradients: int = saved.get("zero_gradients", 0)
        self.worse_evaluations: int = saved.get("worse_evaluations", 0)
        self.updates: int = saved.get("updates", 0)  # fp16 skips some steps' updates
        self.started = clock() - saved.get("seconds", 0.0)
        self.training: float = saved.get("training", 0.0)  # seconds within optimizer steps
        self.evaluating: float = saved.get("evaluating", 0.0)
        self.best_adapter = context.checkpoint.best_adapter if context.checkpoint else None

    @property
    def seconds(self) -> float:
        """Seconds of the trial so far, those in earlier processes included."""
        return float(self.clock() - self.started)

    @property
    def due(self) -> bool:
        """Whether the validation loss is measured after the step just done."""
        return self.step in self.evaluated_at

    @property
    def out_of_patience(self) -> bool:
        """Whether `early_stopping_patience` evaluations have passed without a better one."""
        patience = self.config.training.early_stopping_patience
        return patience is not None and self.worse_evaluations >= patience

    @property
    def over(self) -> bool:
        """Whether no step is left to train."""
        return self.step >= self.planned or self.out_of_patience

    def step_done(
        self,
        *,
        loss: float,
        grad_norm: float,
        rate: float,
        epoch: float,
        seconds: float,
        penalty: float | None = None,
        **watched: float,
    ) -> None:
        """Note an optimizer step: its mean token loss, gradient norm before clipping, learning
        rate of the next step, epochs since the start, the seconds it took, the regularizer's
        penalty, which is no part of the loss, and what the kind watches besides. Raises
        Diverged.
        """
        beat()
        self.step += 1
        self.epoch = epoch
        self.training += seconds
        self._check_gradient(loss, grad_norm)
        self.recent.append(loss)
        self.loss_sum += loss
        self.telemetry = {"learning_rate": rate, "epoch": epoch, **watched}
        if math.isfinite(grad_norm):  # float16 skips the update of others, and goes on
            self.telemetry["grad_norm"] = grad_norm
        if penalty is not None:
            self.telemetry["penalty"] = penalty
        if not self.due and logs_at(self.step, self.planned):
            self.context.report(self._report(self._line()))

    def _check_gradient(self, loss: float, norm: float) -> None:
        if not math.isfinite(loss):
            raise Diverged(
                f"the training loss is {loss} at step {self.step} (try a lower learning rate)"
            )
        self.zero_gradients = self.zero_gradients + 1 if norm == 0 else 0
        if self.zero_gradients == ZERO_GRADIENT_STEPS and not self.may_rest:
            raise Diverged(
                f"the gradient was exactly 0 for {ZERO_GRADIENT_STEPS} steps up to step "
                f"{self.step}: nothing is being learnt (is the learning rate far too high? "
                "on a CPU: are 4-bit weights repacked by bitsandbytes?)"
            )

    def evaluated(self, loss: Loss, weights: Weights, seconds: float) -> None:
        """Report the loss of the step just done, with a checkpoint, and the adapter if best; the
        facts are of the best step so far."""
        self.evaluating += seconds
        adapter = self._keep_if_better(loss, weights)
        self.context.report(
            self._report(
                {**self._line(), **loss.metrics},
                checkpoint=weights.snapshot(self._state()),
                adapter=adapter,
                facts={**self.engine, **self.best.facts},
            )
        )

    def save_if_asked(self, weights: Weights) -> None:
        """Report a checkpoint of the step just done, and nothing else, where the machine is about
        to be taken away; once. A step that is due has one of its own."""
        if SAVE.is_set() and not self._saved and not self.due:
            self._saved = True
            self.context.report(self._report({}, checkpoint=weights.snapshot(self._state())))

    def _keep_if_better(self, loss: Loss, weights: Weights) -> SavedAdapter | None:
        value = self.criterion(loss.metrics)
        if value >= self.best_loss:
            self.worse_evaluations += 1
            return None
        self.best_loss, self.best_step, self.best = value, self.step, loss
        self.worse_evaluations = 0
        adapter = weights.export()
        self.best_adapter = adapter.weights
        return adapter

    def finish(
        self,
        text: Mapping[str, float],
        predictions: Predictions,
        memory: Mapping[str, float],
        facts: Mapping[str, Any],
        seconds: float,
        rows: Sequence[RowTable] = (),
    ) -> None:
        """Report the trial's result: the best step's metrics and its answers to the questions;
        `rows` are results row by row besides those of the best step's evaluation."""
        self.evaluating += seconds
        validation = self.context.prepared.validation
        metrics = {
            **self.best.metrics,
            **text,
            "train_loss": self.loss_sum / self.step,
            "minutes": self.seconds / 60,
            **memory,
        }
        about = {
            "best_step": self.best_step,
            "steps": self.step,
            "planned_steps": self.planned,
            "evaluation": evaluation_facts(validation, self.config.evaluation),
            "seconds": {"train": self.training, "evaluate": self.evaluating},
            "tokens": self._tokens(),
            **self.engine,
            **self.best.facts,
            **facts,
        }
        told = {"predictions": predictions, "rows": (*self.best.rows, *rows), "facts": about}
        self.context.report(self._report(metrics, rung=None, final=True, **told))
        self.finished = True

    def _tokens(self) -> int:
        """Tokens of the rows trained on so far, each as often as it was seen."""
        training = self.config.training
        lengths = example_lengths(self.context.prepared.train, self.config.kind)
        batch = training.per_device_train_batch_size
        accumulation = training.gradient_accumulation_steps
        return tokens_of_steps(lengths, batch, accumulation, training.seed, self.step)

    def _line(self) -> dict[str, float]:
        mean = sum(self.recent) / len(self.recent)
        self.recent.clear()
        return {"train_loss": mean, **self.telemetry}

    def _report(self, metrics: dict[str, float], **rest: Any) -> Report:
        return Report(
            step=self.step,
            planned_steps=self.planned,
            metrics=metrics,
            seconds=self.seconds,
            **{"rung": self.rungs.get(self.step), **rest},
        )

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "planned_steps": self.planned,
            "epoch": self.epoch,
            "updates": self.updates,
            "seed": self.config.training.seed,
            "loss_sum": self.loss_sum,
            **({"best_loss": self.best_loss} if self.best_step else {}),  # JSON has no infinity
            "best_step": self.best_step,
            "best_metrics": self.best.metrics,
            "best_components": self.best.components,
            "best_rows": list(self.best.rows),
            "worse_evaluations": self.worse_evaluations,
            "zero_gradients": self.zero_gradients,
            "recent": list(self.recent),
            "seconds": self.seconds,
            "training": self.training,
            "evaluating": self.evaluating,
        }
