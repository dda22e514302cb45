"""Training rows that repeat a row kept for evaluation, exactly or nearly.

Similarity is that of `duplicates.py`: the Jaccard similarity of word 3-grams, casefolded, without
punctuation and without what many rows share. All pairs above the threshold are found, without
hashing, by prefix filtering (Chaudhuri, Ganti and Kaushik 2006, doi:10.1109/ICDE.2006.9; Bayardo,
Ma and Srikant 2007, doi:10.1145/1242572.1242591): two sets that overlap enough share one of the
rarest members of each, so rows are compared only where they share a rare 3-gram. Takes seconds for
100,000 rows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import ceil

from trainables.data.duplicates import (
    Compared,
    Shingles,
    alike,
    compared,
    same,
    shingles,
    text_shingles,
    words_of,
)
from trainables.data.items import Item
from trainables.data.rows import Row

THRESHOLD = 0.85
ENOUGH_WORDS = 8  # a shorter question is no proof by itself: it is compared with its answer


def leaks(
    rows: Sequence[Row], held: Sequence[Row], threshold: float | None = THRESHOLD
) -> set[int]:
    """The places of `rows` whose question + answer has a similarity of `threshold` or more with
    that of a row in `held`; None: that are the same but for case and white space."""
    if threshold is None:
        known = {same(row) for row in held}
        return {place for place, row in enumerate(rows) if same(row) in known}
    both, least = compared([*rows, *held]), threshold
    own, kept = both[: len(rows)], both[len(rows) :]
    return _matches(own, kept, threshold, lambda row, other: alike(row, other, least))


def without(
    rows: Sequence[Row], items: Sequence[Item], threshold: float = THRESHOLD
) -> tuple[list[Row], int]:
    """The rows that contain no item of a benchmark, in order, and how many went.

    A row contains an item when at least `threshold` of the 3-grams of its question are among the
    row's. A question of fewer than ENOUGH_WORDS words, or one that several items share, counts with
    its passage and answer. Whatever prompt format either side has, the question's words stay.
    """
    found = holding(rows, items, threshold)
    return [row for place, row in enumerate(rows) if place not in found], len(found)


def holding(rows: Sequence[Row], items: Sequence[Item], threshold: float = THRESHOLD) -> set[int]:
    """The places of the rows that contain an item of a benchmark, as `without` tells them."""
    own = (Compared(shingles(row)) for row in rows)
    probes = [Compared(text_shingles(text)) for text in _probes(items)]
    return _matches(own, probes, threshold, lambda row, q: _holds(row.rest, q.rest, threshold))


def _holds(row: Shingles, question: Shingles, threshold: float) -> bool:
    return len(row & question) >= threshold * len(question)


def _probes(items: Sequence[Item]) -> Iterator[str]:
    asked = Counter(item.question.casefold() for item in items)
    for item in items:
        short = len(words_of(item.question)) < ENOUGH_WORDS
        alone = not short and asked[item.question.casefold()] == 1
        yield item.question if alone else f"{item.context} {item.question} {item.answer}"


def _matches(
    rows: Iterable[Compared],
    wanted: Sequence[Compared],
    threshold: float,
    match: Callable[[Compared, Compared], bool],
) -> set[int]:
    """Places of the rows that match one of the wanted, which is looked for by rare shingles."""
    index = _by_rare_members([other.rest for other in wanted], threshold)
    found = set()
    for place, row in enumerate(rows):
        candidates = {number for shingle in row.rest for number in index.get(shingle, ())}
        if any(match(row, wanted[number]) for number in candidates):
            found.add(place)
    return found


def _by_rare_members(wanted: Sequence[Shingles], threshold: float) -> dict[str, list[int]]:
    """Each set under so many of its rarest members that a match must have one of them."""
    common = Counter(shingle for found in wanted for shingle in found)
    index: dict[str, list[int]] = {}
    for number, found in enumerate(wanted):
        needed = len(found) - ceil(threshold * len(found) - 1e-9) + 1
        for shingle in sorted(found, key=lambda s: (common[s], s))[:needed]:
            index.setdefault(shingle, []).append(number)
    return index
