"""How far a text is prose: what every reward is multiplied by, so that lists of words, repetition
and endless answers earn nothing."""

from collections.abc import Sequence
from itertools import groupby, pairwise

from trainables.clinical.stopwords import STOPWORDS
from trainables.clinical.words import folded, sentences

LEAST_FUNCTION_WORDS = 0.15  # English prose has 0.4 to 0.5; lists of terms have none
LONGEST_STRETCH = 7  # words between function words; a list goes on for longer
RUN = 3  # words of a repeated sequence
LONG = 400  # words; longer answers lose in proportion


def prose(text: str) -> float:
    """0..1: the product of the share of words in sentences that are prose, of distinctness, and of
    LONG / words above LONG words. 0 of an empty text."""
    found = folded(text)
    if not found:
        return 0.0
    kept = folded("\n".join(prose_sentences(text)))
    return len(kept) / len(found) * distinct(found) * min(1.0, LONG / len(found))


def prose_sentences(text: str) -> list[str]:
    """The sentences in which function words hold the others together; all of a text of under five
    words ("Aspirin, 81 mg.")."""
    found = sentences(text)
    return found if len(folded(text)) < 5 else [s for s in found if _is_prose(folded(s))]


def distinct(words: Sequence[str]) -> float:
    """0..1: the share of distinct word triples, squared, so that saying all of it twice is worth a
    quarter. 1 of fewer than two triples."""
    runs = [tuple(words[n : n + RUN]) for n in range(len(words) - RUN + 1)]
    if len(runs) < 2:
        return 0.0 if len(words) > 2 and len(set(words)) == 1 else 1.0
    stutter = sum(a == b for a, b in pairwise(words)) / len(words)
    return (len(set(runs)) / len(runs)) ** 2 * (1 - stutter)


def _is_prose(words: Sequence[str]) -> bool:
    """Enough function words, and none of the stretches between them long."""
    joining = [word in STOPWORDS for word in words]
    longest = max((sum(1 for _ in run) for joins, run in groupby(joining) if not joins), default=0)
    return sum(joining) >= max(1, LEAST_FUNCTION_WORDS * len(words)) and longest <= LONGEST_STRETCH
