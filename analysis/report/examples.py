"""Example answers: question, reference, the base model's answer, the best trial's answer."""

import re
from dataclasses import dataclass
from typing import Any

from analysis.runs import Run, TrialView, read_lines

COUNT = 4
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a model may write any byte
LONGEST = 900  # characters of one answer; longer ones are cut and end in …


@dataclass(frozen=True)
class Example:
    """One validation row, answered twice (None: not recorded)."""

    question: str
    reference: str
    base: str | None
    best: str | None


def examples(run: Run, trial: TrialView | None) -> list[Example]:
    """A few rows at even distances through the file, so that nobody picked them."""
    if trial is None:
        return []
    answered = _validation(read_lines(trial.predictions))
    base = run.base_of(trial)
    untouched = _validation(read_lines(base.predictions if base else None))
    before = {row.get("id"): row for row in untouched}
    return [
        Example(
            question=_text(row.get("question")) or "",
            reference=_text(row.get("reference")) or "",
            base=_text(before.get(row.get("id"), {}).get("prediction")),
            best=_text(row.get("prediction")),
        )
        for row in _spread(answered)
    ]


def _validation(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers to validation rows; those to a benchmark's items follow them in the file."""
    return [row for row in rows if "benchmark" not in row]


def _spread(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    count = min(COUNT, len(rows))
    return [rows[i * len(rows) // count] for i in range(count)]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = CONTROL.sub("\ufffd", str(value)).strip()
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"
