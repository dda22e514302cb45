"""Which rows of a trial go into a pass: to measure, to answer."""

from typing import Any

from trainables.data.token_rows import TokenRows
from trainables.evaluation.examples import example_rows
from trainables.evaluation.measure import loss_rows, text_rows
from trainables.packing.passes import Part
from trainables.packing.trial import PackedTrial


def loss_part(name: str, trial: PackedTrial, rows: TokenRows) -> Part:
    """Those of the validation rows on which its loss is measured."""
    rows = loss_rows(rows, trial.config.evaluation)
    return Part(name, trial.adapter, rows, range(len(rows)))


def question_part(name: str, trial: PackedTrial) -> Part:
    """The validation rows whose questions it answers."""
    rows = text_rows(trial.context.prepared.validation, trial.config.evaluation)
    return Part(name, trial.adapter, rows, range(len(rows)))


def example_part(name: str, trial: PackedTrial, tokenizer: Any) -> Part:
    """The questions of `evaluation.examples`."""
    rows = example_rows(tokenizer, trial.config)
    return Part(name, trial.adapter, rows, range(len(rows)))
