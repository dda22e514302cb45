"""Removal of exact and near duplicates. Compared is question + answer; the first row is kept."""

import re
from collections.abc import Sequence

from trainables.data.rows import Row

PERMUTATIONS = 128
MISS_PROBABILITY = 1e-9  # that a pair at the threshold is never looked at
# scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters
NO_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
WORD = re.compile(rf"[{NO_SPACES}]|[^\W{NO_SPACES}]+")
SHINGLE_WORDS = 3


def drop_exact(rows: Sequence[Row]) -> tuple[list[Row], int]:
    """Rows whose question and answer, case and white space aside, no earlier row has; and how many
    went.

    Two answers to one question are two rows.
    """
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        first.setdefault(same(row), row)
    return list(first.values()), len(rows) - len(first)


def same(row: Row) -> tuple[str, str]:
    """Question and answer, case and white space aside: what exact duplicates share."""
    question, answer = (" ".join(t.casefold().split()) for t in (row.question, row.answer))
    return question, answer


def drop_near(rows: Sequence[Row], threshold: float) -> tuple[list[Row], int]:
    """Rows whose similarity to every row kept before is below `threshold`; and how many went.

    Candidates come from MinHash LSH (Broder 1997; datasketch) with a fixed seed; whether they are
    duplicates is decided by the Jaccard similarity itself.
    """
    from datasketch import MinHashLSH

    shingled = [shingles(row) for row in rows]
    index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(threshold))
    kept: list[int] = []
    for number, signature in enumerate(_signatures(shingled)):
        candidates = (shingled[other] for other in index.query(signature))
        if any(similar(shingled[number], candidate, threshold) for candidate in candidates):
            continue
        index.insert(number, signature, check_duplication=False)
        kept.append(number)
    return [rows[number] for number in kept], len(rows) - len(kept)


def shingles(row: Row) -> frozenset[str]:
    """`text_shingles` of question and answer."""
    return text_shingles(f"{row.question} {row.answer}")


def text_shingles(text: str) -> frozenset[str]:
    """The word 3-grams of a text, casefolded, without punctuation.

    A text of fewer than three words is one shingle; one without a word is compared as it is.
    """
    words = words_of(text) or [text.casefold()]
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    return frozenset(" ".join(words[start : start + SHINGLE_WORDS]) for start in starts)


def words_of(text: str) -> list[str]:
    """The words of a text, casefolded; each character where a script has no spaces."""
    return WORD.findall(text.casefold())


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Shared shingles / all shingles, in 0..1; neither set is empty."""
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def similar(left: frozenset[str], right: frozenset[str], threshold: float) -> bool:
    """Whether the Jaccard similarity is at least `threshold`."""
    # sets of too different sizes cannot be: most candidates end here
    small, large = sorted((len(left), len(right)))
    return small >= threshold * large - 1e-9 and jaccard(left, right) >= threshold


def bands(threshold: float) -> tuple[int, int]:
    """(bands, rows a band) of the LSH: the most selective ones that miss fewer than 1 in 1e9.

    A pair with similarity s shares no band with probability (1 - s**rows)**bands.
    """
    for rows in range(PERMUTATIONS // 2, 1, -1):  # datasketch wants two bands or more
        count = PERMUTATIONS // rows
        if (1 - threshold**rows) ** count <= MISS_PROBABILITY:
            return count, rows
    return PERMUTATIONS, 1


def _signatures(shingled: Sequence[frozenset[str]]) -> "list[object]":
    from datasketch import MinHash

    encoded = ([shingle.encode() for shingle in row] for row in shingled)
    signatures: list[object] = MinHash.bulk(encoded, num_perm=PERMUTATIONS, seed=1)
    return signatures
