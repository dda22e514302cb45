"""MEDEC: a clinical note with an error, and the same note corrected.

The prompt asks to complete the note from the sentence with the error on, and shows what comes
before it; the chosen completion is the rest of the corrected note, the rejected one the rest of the
wrong note. So the two differ in the sentence alone, and the prompt holds neither version of it.
Notes without an error make no pair.
"""

import re
from collections.abc import Iterable, Iterator

from trainables.data.items import Item
from trainables.data.pairs.items import reader
from trainables.data.pairs.pair import PreferencePair, shared_start

COMPLETE = "Complete this clinical note. It must be free of medical errors.\n\n{before}"
WRITE = "Write a clinical note. It must be free of medical errors."
SENTENCE_END = re.compile(r"[.!?]\s+|\n+")


def pairs(items: Iterable[Item]) -> Iterator[PreferencePair]:
    """A pair a note with an error (`gold` 1)."""
    for item in items:
        if item.gold == 1:
            before, right, wrong = _parted(item.answer, item.context)
            question = COMPLETE.format(before=before) if before else WRITE
            yield PreferencePair(
                item.id, item.group, question, right, wrong, benchmark=item.benchmark
            )


def _parted(right: str, wrong: str) -> tuple[str, str, str]:
    """(what the texts share up to the last sentence's end, the rest of each)."""
    shared = shared_start(right, wrong)
    ends = [match.end() for match in SENTENCE_END.finditer(shared)]
    at = ends[-1] if ends else 0
    return shared[:at].strip(), right[at:].strip(), wrong[at:].strip()


READER = reader(pairs, "validation")  # the test split is a benchmark
