"""L2 to the start (L2-SP, Li et al. 2018, arXiv:1802.01483, equation 3, over all trained weights).

½ Σ (w - w₀)², where w are the weights that the model computes with and w₀ the base model's. With
LoRA w - w₀ = s B A, so that the penalty is ½ s² ‖B A‖²: the same quantity as for all weights, and 0
at the start. A (r, in), B (out, r), s the adapter's scale.
"""

import torch

Slope = tuple[torch.Tensor, tuple[torch.Tensor, ...]]  # the penalty, and its gradients


def of_product(a: torch.Tensor, b: torch.Tensor, scale: float) -> Slope:
    """The penalty of a LoRA product, and its gradients by A and by B.

    ‖B A‖² = tr(BᵀB AAᵀ): matrices of (r, r), never the product of (out, in).
    """
    outer, inner = a @ a.T, b.T @ b  # (r, r) each
    square = scale * scale
    value = 0.5 * square * (inner * outer).sum()
    by_a, by_b = square * (inner @ a), square * (b @ outer)  # (r, in), (out, r)
    return value, (by_a, by_b)


def of_weights(weights: torch.Tensor, start: torch.Tensor) -> Slope:
    """The penalty of trained weights, and its gradient."""
    moved = weights - start
    return 0.5 * moved.square().sum(), (moved,)
