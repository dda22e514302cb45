"""Elastic weight consolidation (Kirkpatrick et al. 2017, arXiv:1612.00796, equation 3).

½ Σ F (w - w₀)², with F the diagonal of the Fisher information at the base model's weights w₀
(`fisher.py`). With LoRA w - w₀ = s B A, weight by weight. A (r, in), B (out, r), F (out, in).
"""

import torch

from trainables.regularizers.l2_start import Slope


def of_product(a: torch.Tensor, b: torch.Tensor, scale: float, fisher: torch.Tensor) -> Slope:
    """The penalty of a LoRA product, and its gradients by A and by B."""
    moved = scale * (b @ a)  # (out, in)
    pull = fisher * moved  # (out, in)
    by_a, by_b = scale * (b.T @ pull), scale * (pull @ a.T)  # (r, in), (out, r)
    return 0.5 * (pull * moved).sum(), (by_a, by_b)


def of_weights(weights: torch.Tensor, start: torch.Tensor, fisher: torch.Tensor) -> Slope:
    """The penalty of trained weights, and its gradient."""
    moved = weights - start
    pull = fisher * moved
    return 0.5 * (pull * moved).sum(), (pull,)
