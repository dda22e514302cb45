"""The rows that cleaning dropped, and why: what `medsweep rows --dropped` shows."""

from collections.abc import Iterator
from typing import NamedTuple

from trainables.data.components import components_of, is_private
from trainables.data.config import DataConfig
from trainables.data.pairs.config import PairsConfig
from trainables.errors import InputError
from trainables.kinds import TrialConfig
from trainables.staged.config import StagedConfig


class LostRow(NamedTuple):
    """A row that a filter dropped; `question` and `answer` None where it is private."""

    stage: str  # "" where there is one training
    id: str
    step: str  # of the report's `dropped`
    question: str | None
    answer: str | None


def lost_rows(trial: TrialConfig) -> Iterator[LostRow]:
    """The rows that the filters of `data.cleaning` dropped, in all stages of a trial: read again,
    since what is cached holds only what is left. None of pairs, whose reports count them."""
    names = [s.name for s in trial.stages] if isinstance(trial, StagedConfig) else [""]
    for stage, training in zip(names, trial.stage_trials, strict=True):
        if not isinstance(training.data, PairsConfig):
            yield from _of_data(stage, training.data)


def refuse_pairs(trial: TrialConfig) -> None:
    """InputError where no stage has rows that could be shown."""
    if all(isinstance(training.data, PairsConfig) for training in trial.stage_trials):
        message = "pairs that were dropped are counted, not shown"
        raise InputError("--dropped", None, message, "Their counts: medsweep plan SPEC --prepare")


def _of_data(stage: str, data: DataConfig) -> Iterator[LostRow]:
    from trainables.data.discreet import discreet
    from trainables.data.filters import dropped_rows
    from trainables.data.keys import online_fingerprints
    from trainables.data.sources.registry import source_of

    fingerprints = online_fingerprints(data)
    for name, part in components_of(data).items():
        hidden = is_private(part)
        with discreet(part, hidden):
            rows = source_of(part).read(part, fingerprints[name]).rows
        for step, row in dropped_rows(rows, part.cleaning):
            texts = (None, None) if hidden else (row.question, row.answer)
            yield LostRow(stage, f"{name}/{row.id}" if name else row.id, step, *texts)
