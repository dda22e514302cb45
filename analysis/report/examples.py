"""Example answers: question, reference, the base model's answer, the best trial's answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analysis.files import read_lines
from analysis.runs import BaseView, Run, TrialView

COUNT = 4
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a model may write any byte
LONGEST = 900  # characters of one answer; longer ones are cut and end in …
CHOSEN = (
    "Answered validation rows from all parts of the file, chosen by a fixed rule for their "
    "different questions, not picked by hand."
)
CONVERSATIONS = "The questions that the spec names under evaluation.examples; they are not scored."

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Example:
    """One question, answered twice (None: not recorded, or no reference known)."""

    question: str
    reference: str | None
    base: str | None
    best: str | None


def examples(run: Run, trial: TrialView | None) -> list[Example]:
    """A few answered validation rows: spread over the file and unlike each other."""
    rows = [row for row in _answered(trial) if "reference" in row]
    return _beside(run, trial, spread(rows, COUNT))


def conversations(run: Run, trial: TrialView | None) -> list[Example]:
    """The questions of evaluation.examples, which have no reference, in their order."""
    return _beside(run, trial, [row for row in _answered(trial) if "reference" not in row])


def spread(rows: Rows, count: int) -> list[dict[str, Any]]:
    """Of each of `count` equal parts of the rows, the one whose question's words are least like
    those already taken (highest Jaccard similarity, 0..1); of equals the earlier."""
    words = [frozenset(str(row.get("question")).lower().split()) for row in rows]
    count, taken = min(count, len(rows)), list[int]()
    for part in range(count):
        places = range(part * len(rows) // count, (part + 1) * len(rows) // count)
        nearest = {i: max((_alike(words[i], words[j]) for j in taken), default=0) for i in places}
        taken.append(min(places, key=nearest.__getitem__))
    return [rows[i] for i in taken]


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def _answered(trial: TrialView | BaseView | None) -> Rows:
    """The answers but those to a benchmark's items, which follow them in the file."""
    rows = read_lines(trial.predictions) if trial else []
    return [row for row in rows if "benchmark" not in row]


def _beside(run: Run, trial: TrialView | None, rows: Rows) -> list[Example]:
    """The rows with what the base model said to the same questions."""
    base = run.base_of(trial)
    before = {str(row.get("id")): row for row in _answered(base)}
    return [
        Example(
            question=_text(row.get("question")) or "",
            reference=_text(row.get("reference")),
            base=_text(before.get(str(row.get("id")), {}).get("prediction")),
            best=_text(row.get("prediction")),
        )
        for row in rows
    ]


def _text(value: Any) -> str | None:
    if value is None:
        return None
    text = CONTROL.sub("\ufffd", str(value)).strip()
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"
