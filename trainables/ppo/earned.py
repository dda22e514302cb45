"""What sampled answers earn, and what is told of them."""

from statistics import fmean
from typing import Any

import torch

from trainables.evaluation.generation import written_text
from trainables.ppo.sampled import Sampled
from trainables.rewards.scoring import reward_metrics
from trainables.rewards.weighted import Rewarded


def earned(found: Sampled, tokenizer: Any) -> Rewarded:
    """The rewards of a trial's answers. Raises what a reward raises (InputError)."""
    asked = found.asked
    texts = [written_text(tokenizer, answer) for answer in found.answers]
    return asked.trial.scorer(asked.rows, asked.places, texts, found.learned)


def measured(found: Sampled, rewards: Rewarded) -> dict[str, float]:
    """Means over the answers: rewards, `kl` (nats an answer, k1), tokens and share of truncated."""
    apart = found.scored.log_probs - found.scored.reference
    return {
        **reward_metrics(rewards),
        "kl": float(apart.sum(dtype=torch.float64)) / len(found.answers),
        "answer_tokens": fmean(map(len, found.answers)),
        "truncated": fmean(found.asked.trial.cut(found.answers)),
    }
