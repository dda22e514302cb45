"""What sampled answers earn, and what is told of them."""

from statistics import fmean
from typing import Any

import torch

from trainables.evaluation.generation import written_text
from trainables.evaluation.row_results import RowTable
from trainables.ppo.sampled import Sampled
from trainables.rewards.scoring import reward_metrics, sampled_table
from trainables.rewards.weighted import Rewarded


def earned(written: Sampled, tokenizer: Any) -> Rewarded:
    """The rewards of a trial's answers. Raises what a reward raises (InputError)."""
    asked = written.asked
    texts = [written_text(tokenizer, answer) for answer in written.answers]
    return asked.trial.scorer(asked.rows, asked.places, texts, written.learned)


def earned_rows(written: Sampled, rewards: Rewarded) -> RowTable:
    """What each answer to the rows asked, of which each is asked once, earned; and `kl`, tokens
    and whether it was truncated, of which `measured` are the means."""
    asked, lengths = written.asked, [*map(len, written.answers)]
    log_ratio = (written.scored.log_probs - written.scored.reference).double()  # (tokens,)
    return sampled_table(
        asked.rows.take(asked.places),
        rewards,
        kl=[float(own.sum()) for own in torch.split(log_ratio, lengths)],
        answer_tokens=lengths,
        truncated=[float(cut) for cut in asked.trial.cut(written.answers)],
    )


def measured(written: Sampled, rewards: Rewarded) -> dict[str, float]:
    """Means over the answers: rewards, `kl` (nats an answer, k1), tokens and share of truncated."""
    log_ratio = written.scored.log_probs - written.scored.reference  # (tokens,)
    return {
        **reward_metrics(rewards),
        "kl": float(log_ratio.sum(dtype=torch.float64)) / len(written.answers),
        "answer_tokens": fmean(map(len, written.answers)),
        "truncated": fmean(written.asked.trial.cut(written.answers)),
    }
