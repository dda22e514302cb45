"""What a trial trains on a warm base, an adapter or all weights, behind the same few functions."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from math import prod
from typing import Any

import torch

from trainables.models import adapters, whole
from trainables.models.config import LoraConfig
from trainables.models.load import Base
from trainables.saved import SavedAdapter

PUT_ON = (".lora_", ".modules_to_save.")  # in names of what PEFT adds to the base model


def opened(base: Base, lora: LoraConfig | None, seed: int) -> AbstractContextManager[Any]:
    """The base ready to train, with an adapter or (None) as a whole; left as it was before."""
    return whole.all_weights(base) if lora is None else adapters.adapted(base, lora, seed)


def is_adapter(model: Any) -> bool:
    """Whether the model carries an adapter, and its own weights are frozen."""
    return hasattr(model, "peft_config")


def named_trainable(model: Any) -> dict[str, torch.nn.Parameter]:
    """Trainable parameters under the names that their files have."""
    return adapters.named_trainable(model)


def weights_bytes(model: Any) -> bytes:
    """The trained tensors as they are, as safetensors: what a checkpoint holds."""
    return adapters.adapter_bytes(model) if is_adapter(model) else whole.whole_bytes(model)


def export(model: Any) -> SavedAdapter:
    """What is kept of a trial: PEFT's adapter, or the whole model."""
    return adapters.export(model) if is_adapter(model) else whole.export_whole(model)


def restore(model: Any, weights: bytes) -> None:
    """Put the tensors of a checkpoint or an export back; ValueError where names do not fit."""
    (adapters.restore if is_adapter(model) else whole.restore_whole)(model, weights)


def as_measured(model: Any) -> AbstractContextManager[None]:
    """The model as it is measured: in the precision in which it is exported."""
    return (adapters.in_base_precision if is_adapter(model) else whole.in_own_precision)(model)


def counts(
    base: Base, trained: Mapping[str, torch.Tensor], state_bytes: Callable[[int, int], int]
) -> dict[str, int]:
    """What a record says of a trial's size: numbers trained, numbers of the base model, bytes of
    the trained tensors and of the optimizer's states, which `state_bytes(numbers, bytes each)`
    counts."""
    return {
        "trainable_parameters": sum(p.numel() for p in trained.values()),
        "total_parameters": sum(
            _numbers(p)
            for name, p in base.model.named_parameters()
            if not any(part in name for part in PUT_ON)
        ),
        "trained_bytes": sum(p.nbytes for p in trained.values()),
        "optimizer_bytes": sum(state_bytes(p.numel(), p.itemsize) for p in trained.values()),
    }


def _numbers(p: torch.Tensor) -> int:
    """How many weights a tensor stands for; bitsandbytes packs two 4-bit ones into a byte."""
    state = getattr(p, "quant_state", None)
    return prod(state.shape) if state is not None else p.numel()
