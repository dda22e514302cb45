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
        a = f"{PREFIX}{path}.lora_A.weight"  # (r, in)
        b = f"{PREFIX}{path}.lora_B.weight"  # (out, r)
        value, (by_a, by_b) = l2_start.of_product(weights[a], weights[b], adapter.scale)
        total += float(value)
        if alive:
            gradients[a].add_(by_a, alpha=weight)
            gradients[b].add_(by_b, alpha=weight)
    return weight * total
