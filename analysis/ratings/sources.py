"""Who answered: the base model, a trial, or the data set's own reference."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.files import read_lines
from analysis.named import BEST, named_trial
from analysis.ratings.errors import RatingError
from analysis.runs import Run, TrialView

BASE, REFERENCE = "base", "reference"
EMPTY = "(empty answer)"
MASK = "[model]"


@dataclass(frozen=True)
class RatingSource:
    """Answers of one origin to validation questions, by the question's id, in their order.

    `name` is what results call it: a trial's id, `base` or `reference`.
    """

    name: str
    label: str  # for tables
    answers: Mapping[str, str]
    questions: Mapping[str, tuple[str, str]]  # id: (question, context or "")


def source_of(run: Run, name: str, trial: TrialView) -> RatingSource:
    """The answers of `base` and `reference` (those that belong to `trial`), of `best`, or of a
    trial by id or label. RatingError where none were recorded, RunError for an unknown trial."""
    if name == REFERENCE:
        return _source(run, REFERENCE, "reference answers", trial.predictions, "reference")
    if name == BASE:
        base = run.base_of(trial)
        return _source(run, BASE, "base model", base.predictions if base else None)
    chosen = named_trial(run, name)
    return _source(run, chosen.trial, chosen.name, chosen.predictions)


def trial_among(run: Run, names: Sequence[str]) -> TrialView:
    """The first trial that is named, else the best: the base model and reference are its own."""
    return named_trial(run, next((n for n in names if n not in (BASE, REFERENCE)), BEST))


def _source(
    run: Run, name: str, label: str, path: Path | None, field: str = "prediction"
) -> RatingSource:
    # examples of the spec have no reference: they are no validation rows
    rows = {str(row.get("id")): row for row in read_lines(path) if "reference" in row}
    if not rows:
        raise RatingError(
            [
                f"{run.folder}: no recorded answers of {name}. Answers are kept where "
                "evaluation.metrics has a metric of text, such as rouge."
            ]
        )
    hidden = _masking(run)
    return RatingSource(
        name,
        label,
        {i: hidden(_text(row.get(field))) or EMPTY for i, row in rows.items()},
        {i: (_text(row.get("question")), _text(row.get("context"))) for i, row in rows.items()},
    )


def _masking(run: Run) -> Callable[[str], str]:
    """Replaces the models' names in answers: some models introduce themselves."""
    names = {str(t.value("model.name_or_path") or "") for t in run.trials}
    parts = {part for name in names for part in (name, name.rsplit("/", 1)[-1]) if len(part) > 3}
    if not parts:
        return lambda text: text
    longest_first = sorted(parts, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
    return lambda text: pattern.sub(MASK, text)


def _text(value: Any) -> str:
    return "" if value is None else str(value).replace("\x00", "").strip()
