"""Words of a text with their places, folded so that spellings of one word are equal."""

import re
from typing import NamedTuple

WORD = re.compile(r"[^\W_]+(?:['’]s\b)?")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[A-Z0-9\"'(\[*-])|\n+")
ABBREVIATION = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|vs|e\.g|i\.e|approx|etc|St|Fig|al)\.$|^\W*\d+\.$")
GREEK_PLURAL = re.compile(r"(?<=.{2})(os|tas|lys)es$")  # diagnoses, metastases, paralyses


class Word(NamedTuple):
    """A word: its folded form, and where it stands in the text."""

    folded: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """All words, in order. Case, possessive 's and plural endings are folded away."""
    return [Word(fold(m[0]), m.start(), m.end()) for m in WORD.finditer(text)]


def folded(text: str) -> tuple[str, ...]:
    """The folded words of a phrase."""
    return tuple(word.folded for word in words(text))


def fold(word: str) -> str:
    """A word in lower case and singular: the S stemmer (Harman 1991,
    doi:10.1002/(SICI)1097-4571(199101)42:1<7::AID-ASI2>3.0.CO;2-P), and -oses, -tases, -lyses."""
    word = re.sub(r"['’]s$", "", word.casefold())
    if len(word) < 4:
        return word
    if GREEK_PLURAL.search(word):
        return word[:-2] + "is"
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss", "is")):
        return word[:-1]
    return word


def sentences(text: str) -> list[str]:
    """The sentences of a text: split at line ends and after . ! ? before a capital, digit, quote
    or list mark; titles, common abbreviations and the number of a list's item do not end one."""
    found: list[str] = []
    for part in SENTENCE_END.split(text):
        if found and ABBREVIATION.search(found[-1]):
            found[-1] += " " + part
        elif part.strip():
            found.append(part.strip())
    return [sentence.strip() for sentence in found]
