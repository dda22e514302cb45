"""One trial of a pack: its adapter, optimizer and schedule."""

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from transformers import get_scheduler

from trainables.context import TrialContext
from trainables.forward.adapter import PackedAdapter
from trainables.models.load import Base
from trainables.models.trained import counts
from trainables.packing.penalty import pull
from trainables.packing.scaling import LossScale
from trainables.saved import Checkpoint, SavedAdapter
from trainables.training.config import SingleTrial, TrainingConfig
from trainables.training.moments import moment_bytes, moments_of, restore_states
from trainables.training.optimizers import OPTIMIZERS
from trainables.training.progress import TrialProgress

T = TypeVar("T")
NamedTrials = Sequence[tuple[str, T]]  # trials of a pack, each with its name in it


class PackedTrial:
    """A trial that shares its base model's calls with others, and nothing else.

    `seconds` are its share, by tokens, of the time that its passes took. `options` are those of
    `Progress`.
    """

    def __init__(
        self,
        config: SingleTrial,
        context: TrialContext,
        adapter: PackedAdapter,
        rungs: Mapping[float, float] | None = None,
        **options: Any,
    ) -> None:
        self.config, self.context, self.adapter = config, context, adapter
        self.seconds = 0.0
        clock = lambda: self.seconds  # noqa: E731
        self.progress = TrialProgress(
            config, context, "packed", clock=clock, rungs=rungs, **options
        )
        self.optimizer, self.scheduler = _optimizer(
            config.training, adapter.flat, self.progress.planned
        )
        self.scaler = LossScale() if _scales_loss(config.training, adapter.work) else None
        self.penalty: float | None = None  # of the step done last
        if context.checkpoint:
            self._resume(context.checkpoint)

    @property
    def adapters(self) -> Sequence[PackedAdapter]:
        """All that its passes use: its own, and what it needs besides and does not train."""
        return (self.adapter,)

    @property
    def held_bytes(self) -> int:
        """Device memory of its adapters, gradients and moments."""
        return sum(adapter.held_bytes for adapter in self.adapters)

    @property
    def scale(self) -> float:
        """What the loss is multiplied by in backward."""
        return self.scaler.scale if self.scaler else 1.0

    def clear(self) -> None:
        """Forget the gradient."""
        self._gradient().zero_()

    def apply_gradient(self) -> tuple[float, bool]:
        """Clip, step the optimizer and clear: the norm before clipping, and whether the weights
        moved (float16 skips a gradient that is not finite)."""
        limit, gradient = self.config.training.max_grad_norm, self._gradient()
        if self.scaler:
            gradient.div_(self.scaler.scale)
        if regularizer := self.config.training.regularizer:
            self.penalty = pull(self.adapter, regularizer.weight)
        norm = float(torch.linalg.vector_norm(gradient))
        if self.scaler:
            self.scaler.update(math.isfinite(norm))
        moves = math.isfinite(norm) or not self.scaler
        if moves:
            # as torch's clip_grad_norm_
            gradient.mul_(min(1.0, limit / (norm + 1e-6)) if limit > 0 else 1.0)
            self.optimizer.step()
            self.adapter.refresh()
            self.progress.updates += 1
        gradient.zero_()
        return norm, moves

    def _gradient(self) -> torch.Tensor:
        gradient = self.adapter.flat.grad
        assert gradient is not None
        return gradient

    def facts(self) -> dict[str, Any]:
        """What its kind adds to its record."""
        return {}

    def counts(self, base: Base) -> dict[str, int]:
        """Its size, as `models.trained.counts` tells it."""
        states = OPTIMIZERS[self.config.training.optim].state_bytes
        return counts(base, self.adapter.by_name(self.adapter.flat), states)

    def export(self) -> SavedAdapter:
        """As Weights."""
        return self.adapter.export()

    def snapshot(self, state: dict[str, Any]) -> Checkpoint:
        """As Weights."""
        own = self.optimizer.state.get(self.adapter.flat)
        states = OPTIMIZERS[self.config.training.optim].states if own else ()
        named = {state.name: self.adapter.by_name(own[state.name]) for state in states}
        scaler = self.scaler.state_dict() if self.scaler else None
        return Checkpoint(self.adapter.to_bytes(), moment_bytes(named), {**state, "scaler": scaler})

    def _resume(self, checkpoint: Checkpoint) -> None:
        if checkpoint.adapter:  # at step 0 there may be frozen ones only
            self.adapter.restore(checkpoint.adapter)
        updates = int(checkpoint.state["updates"])
        if self.scaler and checkpoint.state.get("scaler"):
            self.scaler.load_state_dict(checkpoint.state["scaler"])
        if updates:
            self._restore_moments(checkpoint.optimizer, updates)
        with warnings.catch_warnings():  # the scheduler expects the optimizer to go first
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            for _step in range(self._scheduled(checkpoint.state)):
                self.scheduler.step()

    def _scheduled(self, state: Mapping[str, Any]) -> int:
        """Steps of the schedule that a checkpoint stands for."""
        return int(state["updates"])

    def _restore_moments(self, data: bytes, updates: int) -> None:
        flat, states = self.adapter.flat, OPTIMIZERS[self.config.training.optim].states
        saved = moments_of(data)
        whole = {state.name: torch.zeros_like(flat.data) for state in states}
        for name, vector in whole.items():
            self.adapter.fill(vector, saved[name])
        restore_states(self.optimizer, flat, whole, updates, states)


def _scales_loss(training: TrainingConfig, weights: torch.Tensor) -> bool:
    """Whether the isolated engine would: in float16 on a GPU, unless the spec says otherwise."""
    by_itself = weights.dtype == torch.float16 and weights.is_cuda and not training.bf16
    return by_itself if training.fp16 is None else training.fp16


def _optimizer(training: TrainingConfig, flat: torch.nn.Parameter, planned: int) -> tuple[Any, Any]:
    make = OPTIMIZERS[training.optim].packed
    assert make is not None, "packable.unpackable says which optimizers a pack cannot have"
    optimizer = make(training, flat)
    share = training.warmup_steps < 1
    warmup = math.ceil(planned * training.warmup_steps) if share else int(training.warmup_steps)
    return optimizer, get_scheduler(training.lr_scheduler_type, optimizer, warmup, planned)
