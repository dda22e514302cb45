"""All weights of a warm base, trained; on leaving, the base is as it was before, bit by bit.

Trained weights, their gradients and moments are float32 (master weights: Micikevicius et al. 2018,
arXiv:1710.03740): bfloat16 and float16 round small updates away. What is measured, kept and
exported is in the base's own precision.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from safetensors.torch import load, save

from trainables.models.adapters import contents, put_back
from trainables.models.load import Base
from trainables.saved import SavedAdapter


@contextmanager
def all_weights(base: Base) -> Iterator[Any]:
    """The base with trainable float32 weights.

    The base's own tensors are kept aside (a GPU's in the machine's memory) and put back.
    """
    model = base.model
    untouched = contents(model)
    own = {p: p.data.cpu() if p.is_cuda else p.data for p in model.parameters()}
    try:
        for p in own:
            p.data = p.data.to(torch.promote_types(p.dtype, torch.float32), copy=True)
            p.requires_grad_(True)
        yield model
    finally:
        for p, data in own.items():
            p.grad = None
            p.data = data.to(p.device)
        put_back(model, untouched)


@contextmanager
def in_own_precision(model: Any) -> Iterator[None]:
    """The model with its weights rounded to the base's precision; afterwards they are whole."""
    masters = {p: p.data for p in model.parameters() if p.dtype != model.config.dtype}
    try:
        for p in masters:
            p.data = p.data.to(model.config.dtype)
        yield
    finally:
        for p, data in masters.items():
            p.grad = None
            p.data = data


def whole_bytes(model: Any, dtype: torch.dtype | None = None) -> bytes:
    """The weights by name as safetensors, in their own precision or in `dtype`."""
    tensors = {n: p.detach().to(dtype or p.dtype).cpu() for n, p in model.named_parameters()}
    return save({n: t.contiguous() for n, t in tensors.items()}, metadata={"format": "pt"})


def export_whole(model: Any) -> SavedAdapter:
    """The model as transformers keeps it: configuration and weights, in the base's precision."""
    plain = json.loads(model.config.to_json_string(use_diff=False))
    return SavedAdapter(plain, whole_bytes(model, model.config.dtype), whole=True)


def restore_whole(model: Any, weights: bytes) -> None:
    """Put saved weights into the model; ValueError where the names do not fit."""
    saved, own = load(weights), dict(model.named_parameters())
    if different := sorted(saved.keys() ^ own.keys()):
        raise ValueError(f"the model has other weights than the file: {different[:3]}")
    with torch.no_grad():
        for name, p in own.items():
            p.copy_(saved[name])
