"""What the untouched base model makes of pairs: which answer it would sooner write."""

import time
from typing import Any

from trainables.context import Report, TrialContext
from trainables.data.token_rows import TokenRows
from trainables.evaluation.answer_loss import row_losses
from trainables.evaluation.row_results import UNSEEN_PAIRS
from trainables.models.load import device_now, load_base
from trainables.reward_model.config import RewardModelConfig
from trainables.reward_model.measures import (
    Scores,
    facts_of,
    final_metrics,
    measured_loss,
    pair_table,
    scores_of,
)
from trainables.reward_model.pairs import measured_facts, measured_pairs


def measure_pairs(config: RewardModelConfig, context: TrialContext) -> None:
    """Report how well an answer's mean log-probability a token (nats), as the base gives it, ranks
    the pairs, as if it were a reward model's score, in one final report."""
    start, base = time.monotonic(), load_base(config.model, device_now())
    budget = config.evaluation.max_batch_tokens
    measured = measured_pairs(context.prepared.validation, config.evaluation)
    seen = untouched_scores(base.model, measured, budget)
    rows = context.prepared.unseen
    unseen = None if rows is None else untouched_scores(base.model, rows, budget)
    loss = measured_loss(measured, seen)
    apart = [pair_table(UNSEEN_PAIRS, rows, unseen)] if rows and unseen else []
    context.report(
        Report(
            step=1,
            planned_steps=1,
            metrics={**loss.metrics, **final_metrics(seen, unseen)},
            seconds=time.monotonic() - start,
            rows=(*loss.rows, *apart),
            final=True,
            facts={
                "evaluation": measured_facts(context.prepared.validation, config.evaluation),
                "pairwise": facts_of(seen, unseen),
            },
        )
    )


def untouched_scores(model: Any, rows: TokenRows, budget: int) -> Scores:
    """What the base makes of pairs: each answer's mean log-probability a token, in calls of at most
    `budget` tokens."""
    nats = row_losses(model, rows, budget)
    tokens = rows.lengths() - rows.answer_start
    return scores_of(rows, [-loss / int(n) for loss, n in zip(nats, tokens, strict=True)])
