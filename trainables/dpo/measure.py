"""What a policy makes of validation pairs: its implicit rewards, and the loss of them."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from trainables.data.token_rows import TokenRows
from trainables.dpo.config import DPOConfig, DPOTrainingConfig
from trainables.dpo.losses import LOSSES, Ratios
from trainables.evaluation.answer_loss import row_losses
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.measure import Loss, reported_loss
from trainables.evaluation.row_results import PAIRS
from trainables.models.reference import as_reference
from trainables.reward_model.measures import Scores, pair_table, pairwise_accuracy, scores_of


class Pairs:
    """Pairs with what the reference makes of them, which never changes.

    Rows 2i and 2i + 1 are the chosen and the rejected answer of pair i.
    """

    def __init__(self, model: Any, rows: TokenRows, config: DPOConfig) -> None:
        self.rows, self.training, self.settings = rows, config.training, config.evaluation
        self.budget = config.evaluation.max_batch_tokens
        with as_reference(model):
            self.reference = row_losses(model, rows, self.budget)

    def measured(self, model: Any) -> tuple[Loss, Scores]:
        """The loss and accuracy of a policy, and its implicit rewards beta × (log p - log q)."""
        nats = row_losses(model, self.rows, self.budget)
        ratios = [q - p for p, q in zip(nats, self.reference, strict=True)]
        scores = scores_of(self.rows, [self.training.beta * ratio for ratio in ratios])
        of_chosen = _of_chosen(self.rows, nats, self.settings)
        losses = pair_losses(self.rows, ratios, self.training)
        metrics = {
            **of_chosen.metrics,
            "val_loss": fmean(losses),
            "pairwise_accuracy": pairwise_accuracy(scores.differences, scores.groups).value,
        }
        table = pair_table(PAIRS, self.rows, scores, losses)
        return Loss(metrics, {}, (table, *of_chosen.rows)), scores


def pair_losses(
    rows: TokenRows, ratios: Sequence[float], training: DPOTrainingConfig
) -> list[float]:
    """(n,) the loss of each pair, of (2n,) log ratios of its rows."""
    loss, tokens = LOSSES[training.loss_type], (rows.lengths() - rows.answer_start).tolist()
    # rows 2i and 2i + 1 are the chosen and the rejected answer of pair i
    pairs = [
        Ratios(chosen, rejected, chosen_tokens, rejected_tokens)
        for chosen, rejected, chosen_tokens, rejected_tokens in zip(
            ratios[::2], ratios[1::2], tokens[::2], tokens[1::2], strict=True
        )
    ]
    return [loss(pair, training.beta, training.label_smoothing) for pair in pairs]


def chosen(rows: TokenRows) -> TokenRows:
    """The chosen answers alone."""
    return rows.take(range(0, len(rows), 2))


def measured_pairs(rows: TokenRows, config: EvaluationConfig) -> TokenRows:
    """The rows of the first `loss_limit` pairs; all where there is none."""
    return rows.head(None if config.loss_limit is None else 2 * config.loss_limit)


def pair_facts(rows: TokenRows, config: EvaluationConfig) -> dict[str, Any]:
    """The settings that a metric's value depends on, for the record."""
    n = len(rows) // 2
    return {
        "split": "validation",
        "limit": config.limit,
        "loss_limit": config.loss_limit,
        "max_new_tokens": config.max_new_tokens,
        "rows": n if config.limit is None else min(config.limit, n),
        "loss_rows": len(measured_pairs(rows, config)) // 2,
    }


def untouched_loss(loss: Loss, rows: TokenRows, config: DPOConfig) -> Loss:
    """What a DPO trial reports of a policy that is its reference: all log ratios are 0. `loss` is
    that of the chosen answers."""
    pairs = measured_pairs(rows, config.evaluation)
    losses = pair_losses(pairs, [0.0] * len(pairs), config.training)
    metrics = {**loss.metrics, "val_loss": fmean(losses), "pairwise_accuracy": 0.5}
    table = pair_table(PAIRS, pairs, scores_of(pairs, [0.0] * len(pairs)), losses)
    return Loss(metrics, {}, (table, *loss.rows))


def _of_chosen(rows: TokenRows, nats: Sequence[float], settings: EvaluationConfig) -> Loss:
    """The supervised measures of the chosen answers."""
    return reported_loss(chosen(rows), nats[::2], settings)
