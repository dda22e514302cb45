"""Which pairs of the validation split are measured."""

from typing import Any

from trainables.data.token_rows import TokenRows
from trainables.reward_model.config import RewardEvaluationConfig


def measured_pairs(rows: TokenRows, config: RewardEvaluationConfig) -> TokenRows:
    """The rows of the first `loss_limit` pairs; all where there is none."""
    return rows.head(None if config.loss_limit is None else 2 * config.loss_limit)


def measured_facts(rows: TokenRows, config: RewardEvaluationConfig) -> dict[str, Any]:
    """The settings that the measured values depend on, for the record."""
    return {
        "split": "validation",
        "loss_limit": config.loss_limit,
        "pairs": len(measured_pairs(rows, config)) // 2,
    }
