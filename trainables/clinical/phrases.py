"""Phrases of clinical concepts, and a dictionary of them that finds them in text.

Phrases that mean the same carry one concept, so that "high blood pressure" in a question grounds
"hypertension" in an answer.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from trainables.clinical.words import folded, words

TABLES = Path(__file__).parent / "tables"


class Phrase(NamedTuple):
    """One way to write a concept. `kind` is finding, diagnosis, drug or substance."""

    text: str
    concept: str
    kind: str


class Mention(NamedTuple):
    """A phrase found in a text: text[start:end]."""

    text: str
    start: int
    end: int
    concept: str
    kind: str


ConceptKind = tuple[str, str]  # concept, kind


class Lexicon:
    """Phrases by their folded words, and for each first word the longest phrase it opens."""

    def __init__(self, phrases: Iterable[Phrase], everyday: frozenset[str] = frozenset()) -> None:
        self.entries = merged(phrases, everyday)
        self.longest: dict[str, int] = {}
        for phrase in self.entries:
            self.longest[phrase[0]] = max(self.longest.get(phrase[0], 0), len(phrase))

    def find(self, text: str) -> list[Mention]:
        """The phrases of a text from left to right, the longest at each place, not overlapping."""
        found: list[Mention] = []
        row = words(text)
        keys = tuple(word.folded for word in row)
        at = 0
        while at < len(keys):
            size = self._size_at(keys, at)
            if size:
                start, end = row[at].start, row[at + size - 1].end
                concept, kind = self.entries[keys[at : at + size]]
                found.append(Mention(text[start:end], start, end, concept, kind))
            at += max(size, 1)
        return found

    def concepts(self, text: str) -> set[str]:
        """The concepts that a text names."""
        return {mention.concept for mention in self.find(text)}

    def _size_at(self, keys: tuple[str, ...], at: int) -> int:
        longest = min(self.longest.get(keys[at], 0), len(keys) - at)
        return next((n for n in range(longest, 0, -1) if keys[at : at + n] in self.entries), 0)


def merged(
    phrases: Iterable[Phrase], everyday: frozenset[str] = frozenset()
) -> Mapping[tuple[str, ...], ConceptKind]:
    """Folded phrase to (concept, kind). A phrase of two sources makes their concepts one, named
    by the first; `everyday` are phrases that are no clinical terms, in folded words."""
    root: dict[str, str] = {}
    kinds: dict[tuple[str, ...], ConceptKind] = {}
    for text, concept, kind in phrases:
        key = folded(text)
        if not key or " ".join(key) in everyday or len(key[0]) < 2 or key[0].isdigit():
            continue
        first = kinds.setdefault(key, (concept, kind))
        _join(root, first[0], concept)
    return {key: (_root(root, concept), kind) for key, (concept, kind) in kinds.items()}


def _root(root: dict[str, str], concept: str) -> str:
    while concept in root:
        concept = root[concept]
    return concept


def _join(root: dict[str, str], first: str, second: str) -> None:
    first, second = _root(root, first), _root(root, second)
    if first != second:
        root[second] = first
