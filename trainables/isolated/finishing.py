"""How a TRL-driven trial is measured while it trains, and what it reports at its end."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from trainables.data.token_rows import TokenRows
from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
from trainables.evaluation.benchmarks.in_trial import measure_all
from trainables.evaluation.examples import answer_examples
from trainables.evaluation.measure import (
    Loss,
    answer_and_score,
    losses_elsewhere,
    measure_loss,
)
from trainables.evaluation.row_results import RowTable
from trainables.models.load import Base
from trainables.models.trained import as_measured, counts, named_trainable, restore
from trainables.training.config import SingleTrial
from trainables.training.optimizers import OPTIMIZERS
from trainables.training.progress import TrialProgress


class MeasuredBesides(NamedTuple):
    """What a kind measures at the end besides."""

    metrics: Mapping[str, float] = {}
    facts: Mapping[str, Any] = {}
    rows: Sequence[RowTable] = ()


@contextmanager
def measuring(model: Any) -> Iterator[None]:
    """The model as it is measured, and afterwards in training again where it was."""
    was_training = model.training
    model.eval()
    try:
        with as_measured(model):
            yield
    finally:
        model.train(was_training)


def validation_loss(model: Any, rows: TokenRows, config: SingleTrial) -> Loss:
    """The loss of a model in training."""
    with measuring(model):
        return measure_loss(model, rows, config.evaluation)


def finish(
    config: SingleTrial,
    progress: TrialProgress,
    base: Base,
    model: Any,
    rows: TokenRows | None = None,
    more: Callable[[], MeasuredBesides] = MeasuredBesides,
    **facts: object,
) -> None:
    """Answer the questions with the best step's weights and report the trial's result.

    `rows` hold the questions, by default the validation rows; `more` measures what the kind has
    besides. `facts` are told too.
    """
    if progress.best_adapter is not None:
        restore(model, progress.best_adapter)
    model.eval()
    begun = time.monotonic()
    rows = progress.context.prepared.validation if rows is None else rows
    asked = LocalModel(
        model,
        base.tokenizer,
        [Candidate(config.data.system_prompt)],
        config.evaluation.max_batch_tokens,
    )
    with as_measured(model):
        text = answer_and_score(model, base.tokenizer, rows, config.evaluation)
        found = measure_all(asked, progress.context.prepared.benchmarks)
        elsewhere = losses_elsewhere(model, progress.context.prepared.elsewhere, config.evaluation)
        examples = answer_examples(model, base.tokenizer, config)
        own = more()
    memory = {}
    if torch.cuda.is_available():
        memory["gpu_peak_gb"] = torch.cuda.max_memory_allocated() / 1e9
    states = OPTIMIZERS[config.training.optim].state_bytes
    size = counts(base, named_trainable(model), states)
    progress.finish(
        {**text.metrics, **found.metrics, **own.metrics},
        (*text.predictions, *examples, *found.predictions),
        memory,
        {**size, **elsewhere, **found.facts, **own.facts, **facts},
        time.monotonic() - begun,
        (*text.rows, *found.rows, *own.rows),
    )
