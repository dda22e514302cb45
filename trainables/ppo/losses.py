"""PPO's losses (Schulman et al. 2017, arXiv:1707.06347), as means over a minibatch's answer tokens.

All tensors of one trial have one shape: (answers, tokens) padded at the right, where `mask` is True
on an answer's own tokens; or, as `update.py` has them, (tokens,), answer after answer, all inside.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from trainables.ppo.advantages import masked_mean


class PolicyLoss(NamedTuple):
    """The loss, and what is watched beside it (detached)."""

    loss: Tensor
    clip_fraction: Tensor  # share of tokens whose clipped term is the larger, 0..1
    approximate_kl: Tensor  # of the new policy from that which answered, nats/token, >= 0


def policy_loss(
    new: Tensor, old: Tensor, advantages: Tensor, mask: Tensor, clip: float
) -> PolicyLoss:
    """Mean of max(-A r, -A clamp(r, 1 - clip, 1 + clip)) with r = exp(new - old) (eq. 7, negated).

    `new` and `old` are log-probabilities of the sampled tokens in nats; only `new` has a gradient.
    """
    new, old, advantages = _inside(mask, new, old, advantages)  # all of the mask's shape
    log_ratio = new - old
    ratio = log_ratio.exp()
    plain, clipped = -advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip)
    with torch.no_grad():  # scalars
        fraction = masked_mean((clipped > plain).to(new.dtype), mask)
        kl = masked_mean(ratio - 1 - log_ratio, mask)
    return PolicyLoss(masked_mean(torch.maximum(plain, clipped), mask), fraction, kl)


def _inside(mask: Tensor, *matrices: Tensor) -> list[Tensor]:
    """The matrices with 0 for whatever stands in the padding: NaN x 0 would be NaN in backward."""
    return [torch.where(mask, x, 0.0) for x in matrices]


class ValueLoss(NamedTuple):
    """The loss, and the share of tokens whose clipped term is the larger (detached), 0..1."""

    loss: Tensor
    clip_fraction: Tensor


def value_loss(
    new: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float | None
) -> ValueLoss:
    """Half the mean of max((V - R)², (clamp(V, old ± clip) - R)²); without the clamp for None.

    Clipping as in the authors' code (Engstrom et al. 2020, arXiv:2005.12729, section 3).
    """
    new, old, returns = _inside(mask, new, old, returns)
    plain = (new - returns).square()
    if clip is None:
        return ValueLoss(masked_mean(plain, mask) / 2, plain.new_zeros(()))
    near = torch.clamp(new, old - clip, old + clip)
    clipped = (near - returns).square()
    with torch.no_grad():
        fraction = masked_mean((clipped > plain).to(new.dtype), mask)
    return ValueLoss(masked_mean(torch.maximum(plain, clipped), mask) / 2, fraction)


def entropy(logits: Tensor) -> Tensor:
    """(…,): entropy in nats of the distributions whose logits are (…, vocabulary)."""
    log_p = logits.log_softmax(-1)  # (…, vocabulary)
    return -(log_p.exp() * log_p).sum(-1)
