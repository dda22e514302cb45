"""What sampled answers earn, and what is told of them."""

from collections.abc import Sequence
from typing import Any

import torch

from trainables.metrics import REWARD
from trainables.ppo.sampled import Sampled
from trainables.rewards.columns import reward_columns
from trainables.rewards.config import short_name
from trainables.rewards.weighted import Rewarded, weighted


def earned(found: Sampled, tokenizer: Any) -> Rewarded:
    """The rewards of a trial's answers. Raises what a reward raises (InputError)."""
    asked, trial = found.asked, found.asked.trial
    columns = reward_columns(asked.rows, asked.places)
    texts = [tokenizer.decode(answer, skip_special_tokens=True).strip() for answer in found.answers]
    weights = trial.config.reward.weights
    return weighted(trial.rewards, weights, columns["question"], texts, **columns)


def measured(found: Sampled, rewards: Rewarded) -> dict[str, float]:
    """Means over the answers: rewards, `kl` (nats an answer, k1), tokens and share of truncated."""
    lengths = [len(answer) for answer in found.answers]
    apart = found.scored.log_probs - found.scored.reference
    components = {f"{REWARD}{short_name(n)}": _mean(v) for n, v in rewards.components.items()}
    return {
        "reward": _mean(rewards.total),
        **components,
        "kl": float(apart.sum(dtype=torch.float64)) / len(lengths),
        "answer_tokens": _mean(lengths),
        "truncated": _mean(found.asked.trial.cut(found.answers)),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
