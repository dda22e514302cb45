"""Trials that learn from batches of their rows: where each is, and one batch of each in a pack."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch

from trainables.context import TrialContext
from trainables.forward.adapter import PackedAdapter
from trainables.forward.passes import TrialRows, within_budget
from trainables.kinds import PAIRED
from trainables.packing.pack import Pack
from trainables.packing.trial import NamedTrials, PackedTrial
from trainables.training.config import SingleTrial
from trainables.training.order import epochs_done, step_batches


class BatchTrial(PackedTrial):
    """Where a trial is in its data, and in the batches of an optimizer step.

    A batch counts examples: rows, or pairs of two rows that stay `together`.
    """

    def __init__(
        self,
        config: SingleTrial,
        context: TrialContext,
        adapter: PackedAdapter,
        rungs: Mapping[float, float] | None = None,
    ) -> None:
        super().__init__(config, context, adapter, rungs)
        self.rows = context.prepared.train
        self.together = 2 if config.kind in PAIRED else 1  # rows of an example
        self.begin_step()

    def begin_step(self) -> None:
        """Go to the first batch of the next step."""
        training = self.config.training
        self.batches = step_batches(
            self._examples,
            training.per_device_train_batch_size,
            training.gradient_accumulation_steps,
            training.seed,
            self.progress.step,
        )
        self.done = 0  # batches of this step that have been through
        self.loss = 0.0  # the step's mean loss, as far as it is known
        self.spent = 0.0  # seconds of this step

    @property
    def _examples(self) -> int:
        return len(self.rows) // self.together

    def part(self, name: str) -> TrialRows:
        """The rows of the next batch, and their places in the step."""
        size, seed = self.together, self.config.training.seed
        # an example is `size` rows that follow one another
        rows = [size * example + n for example in self.batches[self.done] for n in range(size)]
        first = size * sum(len(batch) for batch in self.batches[: self.done])
        places = list(range(first, first + len(rows)))
        return TrialRows(name, self.adapter, self.rows, rows, places, seed, self.progress.step)

    @property
    def complete(self) -> bool:
        """Whether all batches of the step have been through."""
        return self.done == len(self.batches)

    def batch_done(self, loss: float, seconds: float) -> None:
        """Note a batch: its part of the step's mean loss, and its seconds."""
        self.done += 1
        self.loss += loss
        self.spent += seconds
        self.seconds += seconds

    def restart_step(self) -> None:
        """Forget the batches of this step that have been through."""
        self.clear()
        self.done, self.loss = 0, 0.0

    def update(self) -> None:
        """Clip, step the optimizer and the schedule, and go on to the next step.

        Raises TrialFailed where the loss is not a finite number; then nothing is updated.
        """
        norm = math.nan
        if math.isfinite(self.loss):
            norm, moved = self.apply_gradient()
            if moved:
                self.scheduler.step()
        training, step = self.config.training, self.progress.step + 1
        batch = training.per_device_train_batch_size
        accumulation = training.gradient_accumulation_steps
        self.progress.step_done(
            loss=self.loss,
            grad_norm=norm,
            rate=self.scheduler.get_last_lr()[0],
            epoch=epochs_done(self._examples, batch, accumulation, step),
            seconds=self.spent,
            penalty=self.penalty,
        )
        if not self.progress.over:
            self.begin_step()


T = TypeVar("T", bound=BatchTrial)
# (base model, parts, their trials, whether to recompute activations) → each part's share of its
# step's mean loss, times the trial's `scale`; the gradients are added
BatchPass = Callable[[Any, Sequence[TrialRows], Sequence[T], bool], Sequence[float]]


def batch_step(
    pack: Pack,
    active: NamedTrials[T],
    run: BatchPass[T],
    evaluate: Callable[[Pack, NamedTrials[T]], None],
    finish: Callable[[Pack, NamedTrials[T]], None],
) -> None:
    """One batch of every trial; then updates, evaluations and ends where they are due."""
    training = [(name, trial) for name, trial in active if not trial.progress.over]
    train_batches(pack, training, run)
    updated = [(name, trial) for name, trial in training if trial.complete]
    for name, trial in updated:
        with pack.own(name):
            trial.update()
    there = [(name, trial) for name, trial in updated if name in pack.trials]
    save_if_asked(pack, there)
    there = [(name, trial) for name, trial in there if name in pack.trials]
    evaluate(pack, [(name, trial) for name, trial in there if trial.progress.due])
    there = [(name, trial) for name, trial in active if name in pack.trials]
    finish(pack, [(name, trial) for name, trial in there if trial.progress.over])


def save_if_asked(pack: Pack, updated: NamedTrials[Any]) -> None:
    """A checkpoint of each trial that has just done a step, where `trainables.preemption` asks."""
    for name, trial in updated:
        with pack.own(name):
            trial.progress.save_if_asked(trial)


def train_batches(pack: Pack, training: Sequence[tuple[str, T]], run: BatchPass[T]) -> None:
    """One batch of every trial through the base together, in calls that fit."""
    trials = dict(training)
    parts = [trial.part(name) for name, trial in training]
    recompute = any(t.config.training.gradient_checkpointing for _, t in training)
    together = max((t.together for _, t in training), default=1)
    losses: dict[str, float] = defaultdict(float)
    try:
        with pack.timed(parts) as seconds:
            for chunk in within_budget(parts, pack.max_tokens, together):
                of_parts = [trials[part.trial] for part in chunk]
                shares = run(pack.base.model, chunk, of_parts, recompute)
                for part, trial, loss in zip(chunk, of_parts, shares, strict=True):
                    losses[part.trial] += loss / trial.scale
    except torch.OutOfMemoryError as error:  # the steps begin again
        for _, trial in training:
            trial.restart_step()
        pack.make_room(parts, error)
        return
    for name, trial in training:
        trial.batch_done(losses[name], seconds[name])
