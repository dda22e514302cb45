"""One trial of a pack: its adapter, optimizer and schedule, and where it is in its data."""

import math
import warnings
from typing import Any

import torch
from transformers import get_scheduler

from trainables.context import Adapter, Checkpoint, TrialContext
from trainables.models.moments import KINDS, moment_bytes, moments_of
from trainables.packing.adapter import PackedAdapter
from trainables.packing.penalty import pull
from trainables.packing.scaling import LossScale
from trainables.sft.config import SFTConfig, TrainingConfig
from trainables.sft.order import epochs_done, step_batches
from trainables.sft.progress import Progress


class PackedTrial:
    """A trial that shares its base model's calls with others, and nothing else.

    `seconds` are its share, by tokens, of the time that its passes took.
    """

    def __init__(self, config: SFTConfig, context: TrialContext, adapter: PackedAdapter) -> None:
        self.config, self.context, self.adapter = config, context, adapter
        self.rows = context.prepared.train
        self.seconds = 0.0
        self.progress = Progress(config, context, "packed", clock=lambda: self.seconds)
        self.optimizer, self.scheduler = _optimizer(
            config.training, adapter.flat, self.progress.planned
        )
        self.scaler = LossScale() if _scales_loss(config.training, adapter.work) else None
        if context.checkpoint:
            self._resume(context.checkpoint)
        self.penalty: float | None = None  # of the step done last
        self._begin_step()

    def _resume(self, checkpoint: Checkpoint) -> None:
        self.adapter.restore(checkpoint.adapter)
        updates = int(checkpoint.state["updates"])
        if self.scaler and checkpoint.state.get("scaler"):
            self.scaler.load_state_dict(checkpoint.state["scaler"])
        if updates:
            self._restore_moments(checkpoint.optimizer, updates)
        with warnings.catch_warnings():  # the scheduler expects the optimizer to go first
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            for _step in range(updates):
                self.scheduler.step()

    def _restore_moments(self, data: bytes, updates: int) -> None:
        flat = self.adapter.flat
        state: dict[str, torch.Tensor] = {"step": torch.tensor(float(updates))}
        for kind, tensors in moments_of(data).items():
            state[kind] = torch.zeros_like(flat.data)
            self.adapter.fill(state[kind], tensors)
        self.optimizer.state[flat] = state

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
    def scale(self) -> float:
        """What the loss is multiplied by in backward."""
        return self.scaler.scale if self.scaler else 1.0

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
        self._gradient().zero_()
        self.done, self.loss = 0, 0.0

    def update(self) -> None:
        """Clip, step the optimizer and the schedule, and go on to the next step.

        Raises TrialFailed where the loss is not a finite number; then nothing is updated.
        """
        norm = math.nan
        if math.isfinite(self.loss):
            norm = self._apply()
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

    def _apply(self) -> float:
        limit, gradient = self.config.training.max_grad_norm, self._gradient()
        if self.scaler:
            gradient.div_(self.scaler.scale)
        if regularizer := self.config.training.regularizer:
            self.penalty = pull(self.adapter, regularizer.weight)
        norm = float(torch.linalg.vector_norm(gradient))
        if self.scaler:
            self.scaler.update(math.isfinite(norm))
        if math.isfinite(norm) or not self.scaler:
            self._step(gradient, min(1.0, limit / (norm + 1e-6)) if limit > 0 else 1.0)
        gradient.zero_()
        return norm

    def _step(self, gradient: torch.Tensor, clip: float) -> None:
        gradient.mul_(clip)  # as torch's clip_grad_norm_
        self.optimizer.step()
        self.scheduler.step()
        self.adapter.refresh()
        self.progress.updates += 1

    def _gradient(self) -> torch.Tensor:
        gradient = self.adapter.flat.grad
        assert gradient is not None
        return gradient

    def export(self) -> Adapter:
        """As Weights."""
        return self.adapter.export()

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """As Weights."""
        own = self.optimizer.state[self.adapter.flat]
        named = {kind: self.adapter.by_name(own[kind]) for kind in KINDS if kind in own}
        scaler = self.scaler.state_dict() if self.scaler else None
        return Checkpoint(self.adapter.to_bytes(), moment_bytes(named), {**state, "scaler": scaler})


def _scales_loss(t: TrainingConfig, weights: torch.Tensor) -> bool:
    """Whether the isolated engine would: in float16 on a GPU, unless the spec says otherwise."""
    by_itself = weights.dtype == torch.float16 and weights.is_cuda and not t.bf16
    return by_itself if t.fp16 is None else t.fp16


def _optimizer(t: TrainingConfig, flat: torch.nn.Parameter, planned: int) -> tuple[Any, Any]:
    optimizer = torch.optim.AdamW(
        [flat],
        lr=t.learning_rate,
        betas=(t.adam_beta1, t.adam_beta2),
        eps=t.adam_epsilon,
        weight_decay=t.weight_decay,
        fused=t.optim == "adamw_torch_fused",
    )
    share = t.warmup_steps < 1
    warmup = math.ceil(planned * t.warmup_steps) if share else int(t.warmup_steps)
    return optimizer, get_scheduler(t.lr_scheduler_type, optimizer, warmup, planned)
