"""Removal of exact and near duplicates. Compared is question + answer; the first row is kept."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from trainables.data.frames import parted
from trainables.data.rows import Row

PERMUTATIONS = 128
MISS_PROBABILITY = 1e-9  # that a pair at the threshold is never looked at
# scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Chinese characters
NO_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
WORD = re.compile(rf"[{NO_SPACES}]|[^\W{NO_SPACES}]+")
SHINGLE_WORDS = 3
Shingles = frozenset[str]


class Compared(NamedTuple):
    """What of a row is compared with others: the shingles of what it says itself, and those of the
    frames (`trainables.data.frames`) around it, which count only where another row has others."""

    rest: Shingles
    frame: Shingles = frozenset()


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
    """Rows whose similarity (`alike`) to every row kept before is below `threshold`; and how many
    went.

    Candidates come from MinHash LSH (Broder 1997; datasketch) with a fixed seed; whether they are
    duplicates is decided by the similarity itself.
    """
    from datasketch import MinHashLSH

    whole = compared(rows)
    index = MinHashLSH(num_perm=PERMUTATIONS, params=bands(threshold))
    kept: list[int] = []
    for number, signature in enumerate(_signatures([row.rest for row in whole])):
        candidates = (whole[other] for other in index.query(signature))
        if any(alike(whole[number], candidate, threshold) for candidate in candidates):
            continue
        index.insert(number, signature, check_duplication=False)
        kept.append(number)
    return [rows[number] for number in kept], len(rows) - len(kept)


def compared(rows: Sequence[Row]) -> list[Compared]:
    """What of each row is compared, among all of `rows`: what many of them share does not count."""
    texts = [_text(row) for row in rows]
    found = parted([words_of(text) for text in texts])
    frames = {tuple(apart.frame): _of_words(apart.frame) for apart in found if apart.frame}
    return [
        Compared(_of_words(apart.rest), frames[tuple(apart.frame)])
        if apart.frame
        else Compared(text_shingles(text))
        for text, apart in zip(texts, found, strict=True)
    ]


def shingles(row: Row) -> Shingles:
    """`text_shingles` of question and answer."""
    return text_shingles(_text(row))


def text_shingles(text: str) -> Shingles:
    """The word 3-grams of a text, casefolded, without punctuation.

    A text of fewer than three words is one shingle; one without a word is compared as it is.
    """
    return _of_words(words_of(text) or [text.casefold()])


def _text(row: Row) -> str:
    return f"{row.question} {row.answer}"


def _of_words(words: Sequence[str]) -> Shingles:
    starts = range(max(1, len(words) - SHINGLE_WORDS + 1))
    return frozenset(" ".join(words[start : start + SHINGLE_WORDS]) for start in starts)


def words_of(text: str) -> list[str]:
    """The words of a text, casefolded; each character where a script has no spaces."""
    return WORD.findall(text.casefold())


def jaccard(left: Shingles, right: Shingles) -> float:
    """Shared shingles / all shingles, in 0..1; neither set is empty."""
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def similar(left: Shingles, right: Shingles, threshold: float) -> bool:
    """Whether the Jaccard similarity is at least `threshold`."""
    # sets of too different sizes cannot be: most candidates end here
    small, large = sorted((len(left), len(right)))
    return small >= threshold * large - 1e-9 and jaccard(left, right) >= threshold


def alike(left: Compared, right: Compared, threshold: float) -> bool:
    """Whether two rows of one `compared` are similar: shared shingles of what they say / all of
    those and the frames' that only one of them has. Without frames the Jaccard similarity."""
    if left.frame == right.frame:
        return similar(left.rest, right.rest, threshold)
    shared = len(left.rest & right.rest)
    different = len(left.rest | right.rest) + len(left.frame ^ right.frame)
    return shared >= threshold * different


def bands(threshold: float) -> tuple[int, int]:
    """(bands, rows a band) of the LSH: the most selective ones that miss fewer than 1 in 1e9.

    A pair with similarity s shares no band with probability (1 - s**rows)**bands.
    """
    for rows in range(PERMUTATIONS // 2, 1, -1):  # datasketch wants two bands or more
        count = PERMUTATIONS // rows
        if (1 - threshold**rows) ** count <= MISS_PROBABILITY:
            return count, rows
    return PERMUTATIONS, 1


def _signatures(shingled: Sequence[Shingles]) -> "list[object]":
    from datasketch import MinHash

    encoded = ([shingle.encode() for shingle in row] for row in shingled)
    signatures: list[object] = MinHash.bulk(encoded, num_perm=PERMUTATIONS, seed=1)
    return signatures
