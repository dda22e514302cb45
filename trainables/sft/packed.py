"""Supervised trials in a pack: one batch of each goes through the base model together."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch

from trainables.context import TrialContext
from trainables.models.load import Base
from trainables.packing.adapter import fresh_adapter
from trainables.packing.finishing import finish
from trainables.packing.losses import packed_losses
from trainables.packing.pack import Pack
from trainables.packing.passes import Part, train_pass, within_budget
from trainables.packing.program import Program
from trainables.packing.trial import PackedTrial
from trainables.sft.config import SFTConfig
from trainables.sft.order import epochs_done, step_batches

Named = Sequence[tuple[str, "SupervisedTrial"]]


class SupervisedTrial(PackedTrial):
    """Where a trial is in its data, and in the batches of an optimizer step."""

    def __init__(
        self,
        base: Base,
        config: SFTConfig,
        context: TrialContext,
        rungs: Mapping[float, float] | None = None,
    ) -> None:
        assert config.lora is not None, "packable refuses trials without an adapter"
        adapter = fresh_adapter(base, config.lora, config.training.seed)
        super().__init__(config, context, adapter, rungs)
        self.rows = context.prepared.train
        self._begin_step()

    def _begin_step(self) -> None:
        t, step = self.config.training, self.progress.step
        self.batches = step_batches(
            len(self.rows),
            t.per_device_train_batch_size,
            t.gradient_accumulation_steps,
            t.seed,
            step,
        )
        self.done = 0  # batches of this step that have been through
        self.loss = 0.0  # mean over all answer tokens of the step, as far as it is known
        self.spent = 0.0  # seconds of this step
        starts, lengths = self.rows.answer_start, self.rows.lengths()
        self.answer_tokens = sum(int(lengths[i] - starts[i]) for b in self.batches for i in b)

    @property
    def batch(self) -> list[tuple[int, int]]:
        """(place in the step, row) of the next batch."""
        first = sum(len(batch) for batch in self.batches[: self.done])
        return list(enumerate(self.batches[self.done], start=first))

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
        t, step = self.config.training, self.progress.step + 1
        self.progress.step_done(
            loss=self.loss,
            grad_norm=norm,
            rate=self.scheduler.get_last_lr()[0],
            epoch=epochs_done(
                len(self.rows), t.per_device_train_batch_size, t.gradient_accumulation_steps, step
            ),
            seconds=self.spent,
            penalty=self.penalty,
        )
        if not self.progress.over:
            self._begin_step()


def step(pack: Pack, active: Named) -> None:
    """One batch of every trial; then updates, evaluations and answers where they are due."""
    training = [(n, t) for n, t in active if not t.progress.over]
    _train(pack, training)
    updated = [(n, t) for n, t in training if t.complete]
    for name, trial in updated:
        with pack.own(name):
            trial.update()
    _evaluate(pack, [(n, t) for n, t in updated if n in pack.trials and t.progress.due])
    finish(pack, [(n, t) for n, t in active if n in pack.trials and t.progress.over])


def training_part(name: str, trial: SupervisedTrial) -> Part:
    """The trial's next batch."""
    batch = trial.batch
    return Part(
        name,
        trial.adapter,
        trial.rows,
        chosen=[row for _, row in batch],
        places=[place for place, _ in batch],
        seed=trial.config.training.seed,
        step=trial.progress.step,
    )


def _train(pack: Pack, training: Named) -> None:
    trials = dict(training)
    parts = [training_part(name, trial) for name, trial in training]
    rerun = any(t.config.training.gradient_checkpointing for _, t in training)
    losses: dict[str, float] = defaultdict(float)
    try:
        with pack.timed(parts) as seconds:
            for chunk in within_budget(parts, pack.max_tokens):
                own = [trials[part.trial] for part in chunk]
                weights = [trial.scale / trial.answer_tokens for trial in own]
                found = train_pass(pack.base.model, chunk, weights, rerun)
                for part, trial, loss in zip(chunk, own, found, strict=True):
                    losses[part.trial] += loss / trial.scale
    except torch.OutOfMemoryError as error:  # the steps begin again
        for _, trial in training:
            trial.restart_step()
        pack.make_room(parts, error)
        return
    for name, trial in training:
        trial.batch_done(losses[name], seconds[name])


def _evaluate(pack: Pack, due: Named) -> None:
    found = packed_losses(pack, due)
    for name, trial in due:
        with pack.own(name):
            loss, seconds = found[name]
            trial.seconds += seconds
            trial.progress.evaluated(loss, trial, seconds)


PROGRAM = Program(SupervisedTrial, step)
