"""What an update learns from: its answers' tokens with their advantages, as pure arithmetic."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from trainables.ppo.advantages import advantages, explained_variance, token_rewards, whitened
from trainables.ppo.config import PPOTrainingConfig
from trainables.ppo.kl import token_kl


class ScoredAnswers(NamedTuple):
    """Answers as policy and reference see them: (tokens,) each, answer after answer."""

    log_probs: Tensor  # of the policy that answered, nats
    reference: Tensor  # of the reference, nats
    values: Tensor  # of the state before each token


class Experience(NamedTuple):
    """(tokens,) each, answer after answer, detached; `starts` (answers + 1,) says where each is."""

    old: Tensor  # log-probabilities of the policy that answered, nats
    values: Tensor
    advantages: Tensor
    returns: Tensor
    starts: list[int]

    def tokens(self, answers: Sequence[int]) -> int:
        """How many tokens these answers have."""
        return sum(self.starts[a + 1] - self.starts[a] for a in answers)

    def of(self, answers: Sequence[int]) -> "Experience":
        """That of some answers, in this order."""
        spans = [torch.arange(self.starts[a], self.starts[a + 1]) for a in answers]
        chosen = torch.cat(spans).to(self.old.device)  # (tokens of these answers,)
        ends = torch.tensor([len(span) for span in spans]).cumsum(0).tolist()
        return Experience(
            self.old[chosen],
            self.values[chosen],
            self.advantages[chosen],
            self.returns[chosen],
            [0, *ends],
        )


class Gained(NamedTuple):
    """An update's experience, and what is watched of it."""

    experience: Experience
    kl: list[float]  # nats of each answer, by k1: the policy that answered against the reference
    explained_variance: float


def experience(
    scored: ScoredAnswers,
    lengths: Sequence[int],
    scores: Tensor,
    kl_coef: float,
    training: PPOTrainingConfig,
) -> Gained:
    """Token rewards, GAE and whitened advantages of answers of `lengths` tokens with `scores`
    (answers,), which are normalised and clipped already."""
    counts = torch.tensor(lengths).to(scores.device)  # (answers,)
    # (answers, tokens) from here on; padded at the right
    mask = torch.arange(max(lengths), device=scores.device) < counts[:, None]
    policy = _matrix(scored.log_probs, mask)
    reference = _matrix(scored.reference, mask)
    values = _matrix(scored.values, mask)
    kl = token_kl(policy, reference, training.kl_estimator)
    rewards = token_rewards(scores.to(kl.dtype), kl, mask, kl_coef)
    if training.whiten_rewards:
        rewards = whitened(rewards, mask, shift_mean=False)
    gains, returns = advantages(rewards, values, mask, training.gamma, training.lam)
    answer_kl = torch.where(mask, policy - reference, 0.0).sum(1)  # (answers,)
    ends = mask.sum(1).cumsum(0).tolist()
    white = whitened(gains, mask)
    return Gained(
        # x[mask]: (all tokens,), answer after answer
        Experience(policy[mask], values[mask], white[mask], returns[mask], [0, *ends]),
        answer_kl.tolist(),
        explained_variance(values, returns, mask),
    )


def _matrix(flat: Tensor, mask: Tensor) -> Tensor:
    """(answers, tokens) of what is (all tokens,), 0 in the padding."""
    return flat.new_zeros(mask.shape).masked_scatter_(mask, flat)


def minibatches(answers: int, training: PPOTrainingConfig, seeds: Sequence[int]) -> list[list[int]]:
    """The answers of each optimizer step of an update: a shuffle an epoch, by its seed, in
    `num_mini_batches` parts of nearly equal size (fewer where there are fewer answers)."""
    parts = min(training.num_mini_batches, answers)
    batches = []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(answers, generator=generator)  # (answers,)
        batches += [part.tolist() for part in torch.tensor_split(order, parts)]
    return batches
