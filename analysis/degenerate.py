"""Answers that say nothing: empty, one word or letter over and over, or cut at their limit.

A loss can fall, and a score rise, while a model answers `e e e e t e`. The kept answers to the
validation rows tell: what they show is said beside the verdict against the base model.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from analysis.files import read_lines
from analysis.runs import BaseView, TrialView

SHOWN = 0.05  # shares below are not worth a sentence
LEAST_WORDS, LEAST_LETTERS = 4, 8  # of an answer that can be a repetition
WORD, LETTERS = re.compile(r"\w+"), re.compile(r"[^\W\d_]")
LOOP = (12, 3, 0.5)  # words of an answer, of a phrase, and the share of phrases that are new
CUT = "truncated"


@dataclass(frozen=True)
class Degenerate:
    """Shares of a model's answers, 0..1."""

    answers: int
    empty: float
    one_word: float  # one word or letter makes up half of it or more
    loops: float  # phrases of three words come again and again
    cut: float | None  # ended by the limit of their length; null where that was not kept

    @property
    def worst(self) -> float:
        """The share that says nothing, in whichever way."""
        return self.empty + self.one_word + self.loops


def degenerate(view: TrialView | BaseView | None) -> Degenerate | None:
    """What the kept answers to validation rows are like; None where none were kept."""
    kept = read_lines(view.predictions) if view and view.predictions else []
    rows = [row for row in kept if "benchmark" not in row and "prediction" in row]
    if view is None or not rows:
        return None
    kinds = Counter(_kind(str(row["prediction"] or ""), row.get("reference")) for row in rows)
    share = {kind: count / len(rows) for kind, count in kinds.items()}
    cut = [bool(row[CUT]) for row in rows if CUT in row]
    return Degenerate(
        answers=len(rows),
        empty=share.get("empty", 0.0),
        one_word=share.get("word", 0.0),
        loops=share.get("loop", 0.0),
        cut=sum(cut) / len(cut) if cut else view.metrics.get(CUT),
    )


def degenerate_told(found: Degenerate | None, base: Degenerate | None) -> str:
    """A sentence on what is worth one, beside the base model's share; "" where nothing is."""
    if found is None:
        return ""
    said = [
        f"{share:.0%} {words}{_beside(before)}"
        for share, words, before in _parts(found, base)
        if share is not None and share >= SHOWN
    ]
    if not said:
        return ""
    return f"Caution: of its {found.answers:,} kept answers {'; '.join(said)}."


def as_facts(found: Degenerate | None) -> dict[str, Any] | None:
    """For best.json."""
    return asdict(found) if found else None


def _parts(
    found: Degenerate, base: Degenerate | None
) -> Iterable[tuple[float | None, str, float | None]]:
    cut = found.cut if found.worst >= SHOWN or found.cut == 1 else None
    yield found.one_word, "repeat one word or letter", base.one_word if base else None
    yield found.loops, "repeat their phrases", base.loops if base else None
    yield found.empty, "are empty", base.empty if base else None
    yield cut, "are cut at the limit of their length", base.cut if base else None


def _beside(before: float | None) -> str:
    return "" if before is None else f" (the base model's: {before:.0%})"


def _kind(answer: str, reference: object) -> str:
    """empty, word, loop or "" ; what the reference does as well is no fault."""
    found = _repetition(answer)
    expected = _repetition(str(reference)) if reference is not None else ""
    return "" if found == expected else found


def _repetition(text: str) -> str:
    words = WORD.findall(text.lower())
    letters = LETTERS.findall(text.lower())
    if not text.strip():
        return "empty"
    if _most(words, LEAST_WORDS) or _most(letters, LEAST_LETTERS):
        return "word"
    least, length, new = LOOP
    phrases = [tuple(words[i : i + length]) for i in range(len(words) - length + 1)]
    return "loop" if len(words) >= least and len(set(phrases)) < new * len(phrases) else ""


def _most(parts: Sequence[str], least: int) -> bool:
    """Whether one of the parts makes up half of them or more."""
    return len(parts) >= least and Counter(parts).most_common(1)[0][1] >= len(parts) / 2
