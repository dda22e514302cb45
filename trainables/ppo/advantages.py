"""From scores to advantages: token rewards, generalized advantage estimation, whitening.

All matrices are (answers, tokens) of one trial, padded at the right; `mask` is True on an answer's
own tokens. Nothing read or written depends on padding.
"""

import torch
from torch import Tensor

EPSILON = 1e-8


def token_rewards(scores: Tensor, kl: Tensor, mask: Tensor, coefficient: float) -> Tensor:
    """(answers, tokens): minus coefficient x kl at every token, plus an answer's score at its last.

    `scores` is (answers,), `kl` the per-token estimate of policy against reference in nats
    (Ziegler et al. 2019, arXiv:1909.08593, section 2). An answer without tokens has no reward.
    """
    rewards = torch.where(mask, -coefficient * kl, 0.0)  # (answers, tokens)
    # scores[:, None]: (answers, 1), of which each answer's last token takes its own
    return rewards + torch.where(_last(mask), scores[:, None], 0.0)


def _last(mask: Tensor) -> Tensor:
    """True at each answer's last token."""
    lengths = mask.sum(1, keepdim=True)  # (answers, 1)
    places = torch.arange(mask.shape[1], device=mask.device)  # (tokens,)
    return mask & (places == lengths - 1)


def advantages(
    rewards: Tensor, values: Tensor, mask: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """(advantages, returns) of GAE(gamma, lambda) (Schulman et al. 2016, arXiv:1506.02438, eq. 16).

    `values` at t is that of the state before token t. An answer ends with its last token, also
    where it was cut at the longest length: the value after it is 0, nothing is bootstrapped.
    Returns are advantages + values. Both are 0 outside the mask.
    """
    gains = torch.zeros_like(rewards)  # (answers, tokens)
    next_value = torch.zeros_like(rewards[:, 0])  # (answers,), as all within the loop
    running = torch.zeros_like(next_value)
    for t in reversed(range(rewards.shape[1])):  # tokens, the last first
        inside = mask[:, t]
        delta = rewards[:, t] + gamma * next_value - values[:, t]
        running = torch.where(inside, delta + gamma * lam * running, 0.0)
        next_value = torch.where(inside, values[:, t], 0.0)
        gains[:, t] = running
    return gains, torch.where(mask, gains + values, 0.0)


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """The mean over the mask; 0 where it is empty."""
    return torch.where(mask, x, 0.0).sum() / mask.sum().clamp(min=1)


def masked_variance(x: Tensor, mask: Tensor) -> Tensor:
    """The variance over the mask (n - 1 in the denominator); 0 below two values."""
    n = mask.sum()
    spread = torch.where(mask, x - masked_mean(x, mask), 0.0).square().sum()
    return spread / (n - 1).clamp(min=1)


def whitened(x: Tensor, mask: Tensor, shift_mean: bool = True) -> Tensor:
    """x with variance 1 over the mask, and mean 0 or (`shift_mean` False) its old mean: the mean is
    taken off, and the rest divided by sqrt(variance + 1e-8), the variance with n - 1.

    0 outside the mask. As in the PPO of Ziegler et al. 2019 and of TRL. A lone value stays as it
    is: its own mean would take off all of it, and the token would learn nothing.
    """
    if int(mask.sum()) == 1:
        return torch.where(mask, x, 0.0)
    mean = masked_mean(x, mask)  # a scalar
    scaled = (x - mean) * torch.rsqrt(masked_variance(x, mask) + EPSILON)
    return torch.where(mask, scaled if shift_mean else scaled + mean, 0.0)


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor) -> float:
    """1 - Var(returns - values) / Var(returns): at most 1; 0 where returns do not vary, or by no
    more than rounding: there is nothing to explain, and what is divided by is noise."""
    total = float(masked_variance(returns, mask))
    if total <= _rounding(values, returns, mask) ** 2:
        return 0.0
    return float(1 - masked_variance(returns - values, mask) / total)


def _rounding(values: Tensor, returns: Tensor, mask: Tensor) -> float:
    """How far two returns that are equal may lie apart: each is a sum along an answer's tokens, and
    each addition rounds by half a unit in the last place of what is added up."""
    largest = torch.where(mask, torch.maximum(returns.abs(), values.abs()), 0.0).max()
    return mask.shape[-1] * torch.finfo(returns.dtype).eps * float(largest)
