"""The penalty of a packed trial: L2 to the start, on its flat vector of weights and gradients."""

import torch

from trainables.forward.adapter import PREFIX, PackedAdapter
from trainables.regularizers import l2_start


@torch.no_grad()
def pull(adapter: PackedAdapter, weight: float) -> float:
    """Add the penalty's gradient to the trial's own; its value (nats). As `Penalty.add`."""
    assert adapter.flat.grad is not None
    weights, gradients = adapter.by_name(adapter.flat.data), adapter.by_name(adapter.flat.grad)
    alive, total = bool(adapter.flat.grad.any()), 0.0
    for path in adapter.paths():
        a, b = (f"{PREFIX}{path}.lora_{part}.weight" for part in "AB")
        value, slopes = l2_start.of_product(weights[a], weights[b], adapter.scale)
        total += float(value)
        for name, slope in zip((a, b), slopes, strict=True):
            gradients[name].add_(slope, alpha=weight * alive)
    return weight * total
