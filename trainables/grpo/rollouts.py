"""Sampled answers that later optimizer steps use again, as JSON of a checkpoint's state."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

Batch = Mapping[str, Any]


def as_json(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    """Each batch's tensors as [type, values]; float32 survives exactly."""
    return [
        {name: [str(t.dtype).removeprefix("torch."), t.tolist()] for name, t in batch.items()}
        for batch in batches
    ]


def from_json(saved: Sequence[Batch] | None, device: Any) -> list[dict[str, torch.Tensor]] | None:
    """The inverse; None of None."""
    if saved is None:
        return None
    return [
        {
            name: torch.tensor(values, dtype=getattr(torch, kind), device=device)
            for name, (kind, values) in batch.items()
        }
        for batch in saved
    ]
