"""Which rows of a trial go into a pass: to measure, to answer."""

from typing import Any

from trainables.data.token_rows import TokenRows
from trainables.evaluation.examples import example_rows
from trainables.evaluation.measure import loss_rows, text_rows
from trainables.forward.passes import TrialRows
from trainables.packing.trial import PackedTrial


def loss_part(name: str, trial: PackedTrial, rows: TokenRows) -> TrialRows:
    """Those of the validation rows on which its loss is measured."""
    rows = loss_rows(rows, trial.config.evaluation)
    return TrialRows(name, trial.adapter, rows, range(len(rows)))


def question_part(name: str, trial: PackedTrial) -> TrialRows:
    """The validation rows whose questions it answers."""
    rows = text_rows(trial.context.prepared.validation, trial.config.evaluation)
    return TrialRows(name, trial.adapter, rows, range(len(rows)))


def example_part(name: str, trial: PackedTrial, tokenizer: Any) -> TrialRows:
    """The questions of `evaluation.examples`."""
    rows = example_rows(tokenizer, trial.config)
    return TrialRows(name, trial.adapter, rows, range(len(rows)))
