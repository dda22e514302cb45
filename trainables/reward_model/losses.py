"""The loss of a reward model: pure functions of the scores of chosen and rejected answers.

Bradley and Terry 1952 (doi:10.2307/2334029): the chosen answer wins with probability
sigmoid(r_chosen - r_rejected); as TRL's RewardTrainer has it.
"""

import torch
from torch.nn.functional import logsigmoid


def preference_loss(
    chosen: torch.Tensor, rejected: torch.Tensor, margin: torch.Tensor | float = 0.0
) -> torch.Tensor:
    """(n,) -log sigmoid(r_chosen - r_rejected - margin) in nats of each pair; log 2 where the
    scores are equal and there is no margin. `margin` is by how much the chosen score should lead
    (Touvron et al. 2023, arXiv:2307.09288)."""
    return -logsigmoid(chosen - rejected - margin)


def centring(chosen: torch.Tensor, rejected: torch.Tensor) -> torch.Tensor:
    """(n,) (r_chosen + r_rejected)² of each pair: 0 where the two scores are opposite.

    Differences alone leave the scores' origin free; this ties it to 0 (Eisenstein et al. 2023,
    arXiv:2312.09244, section 3).
    """
    return (chosen + rejected) ** 2


def reward_loss(
    chosen: torch.Tensor, rejected: torch.Tensor, coefficient: float | None
) -> torch.Tensor:
    """(n,) the preference loss and `coefficient` times the centring term of each pair."""
    loss = preference_loss(chosen, rejected)
    return loss + coefficient * centring(chosen, rejected) if coefficient else loss
