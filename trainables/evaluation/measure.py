"""All that `evaluation.metrics` names, of one model on the validation rows."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.evaluation.answer_loss import by_component, row_losses, summed
from trainables.evaluation.bertscore import bertscore, bertscore_each
from trainables.evaluation.bleu import bleu, bleu_each
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.generation import answers
from trainables.evaluation.rouge import rouge, rouge_each
from trainables.evaluation.row_results import ANSWERS, RowTable, loss_table, row_table

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows

Predictions = tuple[dict[str, Any], ...]  # lines of predictions.jsonl
TextMetric = Callable[..., dict[str, float]]  # (predictions, references, its options)
TEXT_METRICS: dict[str, TextMetric] = {"rouge": rouge, "bleu": bleu, "bertscore": bertscore}
# the same row by row: (predictions, references, its options) → {column: (n,)}
TEXT_ROWS: dict[str, Callable[..., dict[str, list[float]]]] = {
    "rouge": rouge_each,
    "bleu": bleu_each,
    "bertscore": lambda *texts, **options: {"bertscore_f1": bertscore_each(*texts, **options)},
}


def loss_rows(rows: "TokenRows", config: EvaluationConfig) -> "TokenRows":
    """The validation rows on which the loss is measured."""
    return rows if config.loss_limit is None else rows.head(config.loss_limit)


class Loss(NamedTuple):
    """The validation loss: its metrics, the facts of each component (none: no mixture), and what
    was measured of each row."""

    metrics: dict[str, float]
    components: dict[str, dict[str, float]]
    rows: tuple[RowTable, ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """For the record."""
        return component_facts(self.components)


def losses_elsewhere(
    model: Any, elsewhere: Iterable[tuple[str, "TokenRows"]], config: EvaluationConfig
) -> dict[str, dict[str, float]]:
    """{val_losses: the loss on the validation rows of each other stage}; {} where there is none."""
    found = {
        name: measure_loss(model, rows, config).metrics["val_loss"] for name, rows in elsewhere
    }
    return {"val_losses": found} if found else {}


def component_facts(components: dict[str, dict[str, float]]) -> dict[str, Any]:
    """What the record holds of the components' losses; nothing without a mixture."""
    return {"components": components} if components else {}


def measure_loss(model: Any, rows: "TokenRows", config: EvaluationConfig) -> Loss:
    """The loss of a model on the validation rows."""
    rows = loss_rows(rows, config)
    return reported_loss(rows, row_losses(model, rows, config.max_batch_tokens), config)


def reported_loss(rows: "TokenRows", nats: Sequence[float], config: EvaluationConfig) -> Loss:
    """val_loss, bits_per_byte, and perplexity where asked for, of each row's loss in nats; of
    each component its loss and perplexity, and what they are sums over; and each row's loss."""
    metrics = summed(rows, nats, range(len(rows))).metrics()
    if "perplexity" not in config.metrics:
        del metrics["perplexity"]
    components = {name: loss.facts() for name, loss in by_component(rows, nats).items()}
    return Loss(metrics, components, (loss_table(rows, nats),))


class TextScores(NamedTuple):
    """What answers are worth: metrics, lines of predictions.jsonl, and scores row by row."""

    metrics: dict[str, float]
    predictions: Predictions
    rows: tuple[RowTable, ...] = ()


def measure_text(
    model: Any, tokenizer: Any, rows: "TokenRows", config: EvaluationConfig
) -> tuple[dict[str, float], Predictions]:
    """ROUGE and BLEU of greedy answers, and the answers; ({}, ()) where none is asked for."""
    found = answer_and_score(model, tokenizer, rows, config)
    return found.metrics, found.predictions


def answer_and_score(
    model: Any, tokenizer: Any, rows: "TokenRows", config: EvaluationConfig
) -> TextScores:
    """The same, with the scores row by row."""
    rows = text_rows(rows, config)
    if not len(rows):
        return TextScores({}, ())
    texts = answers(model, tokenizer, rows, config.max_new_tokens, config.max_batch_tokens)
    return score_text(texts, rows, config)


def text_rows(rows: "TokenRows", config: EvaluationConfig) -> "TokenRows":
    """The validation rows whose questions are answered; none where no metric of text is asked."""
    asked = any(name in TEXT_METRICS for name in config.metrics)
    return rows.with_questions().head(config.limit) if asked else rows.head(0)


def score_text(texts: Sequence[str], rows: "TokenRows", config: EvaluationConfig) -> TextScores:
    """What `config.metrics` names of answers to the questions of `rows`; nothing of none.

    Answers to rows of private components count, but are not among the predictions.
    """
    if not len(rows):
        return TextScores({}, ())
    metrics: dict[str, float] = {}
    columns: dict[str, list[float]] = {}
    for name in config.metrics:
        if name in TEXT_METRICS:
            asked = (texts, rows.references)
            metrics |= TEXT_METRICS[name](*asked, **_options(name, config))
            columns |= TEXT_ROWS[name](*asked, **_options(name, config))
    return TextScores(metrics, _shown(texts, rows), (row_table(ANSWERS, rows, columns),))


def _shown(texts: Sequence[str], rows: "TokenRows") -> Predictions:
    shown = zip(rows.ids, rows.questions, rows.references, texts, strict=True)
    return tuple(
        {"id": i, "question": q, "reference": r, "prediction": p}
        for place, (i, q, r, p) in enumerate(shown)
        if rows.component(place) not in rows.hidden
    )


def _options(name: str, config: EvaluationConfig) -> dict[str, Any]:
    return {"encoder": config.bertscore_model} if name == "bertscore" else {}


def evaluation_facts(rows: "TokenRows", config: EvaluationConfig) -> dict[str, Any]:
    """The settings that a metric's value depends on, for the record."""
    asking = len(rows.with_questions())
    limit = asking if config.limit is None else min(config.limit, asking)
    return {
        "split": "validation",
        "limit": config.limit,
        "loss_limit": config.loss_limit,
        "max_new_tokens": config.max_new_tokens,
        "rows": limit,
        "loss_rows": len(loss_rows(rows, config)),
    }
