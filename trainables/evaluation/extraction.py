"""Which option a generated answer chose."""

import re
from collections.abc import Sequence

LETTERS = "ABCDEFGHIJ"
# the answer as announced; the last announcement counts, since reasoning comes first
ANNOUNCED = re.compile(
    r"(?:final answer|correct answer|correct option|answer|option|choice)"
    r"\s*(?:is|:|=)?\s*:?\s*[*_(\[\"']*\s*([A-J])(?![A-Za-z0-9'])",
    re.IGNORECASE,
)
LEADING = re.compile(r"^[\s*_(\[\"']*([A-J])(?:[\s*_]*[).:\],*]|\s*$|\s*\n|\s+[-–]\s)")
FINAL = re.compile(r"(?:final answer|answer|conclusion|decision)\s*(?:is|:)\s*", re.IGNORECASE)


def chosen_option(text: str, options: Sequence[str]) -> int | None:
    """The index of the option that `text` chooses, None where it chooses none or cannot be read.

    In this order: the last announced letter ("Final answer: B", "the answer is (C)"), a letter
    that opens the text ("B. Ferritin"), the option whose words the text is, begins with or
    announces, and the only option that the text names.
    """
    for found in (_announced(text), _leading(text)):
        if found is not None and found < len(options):
            return found
    return _by_words(text, options)


def _announced(text: str) -> int | None:
    letters = [m[1] for m in ANNOUNCED.finditer(text) if m[1].isupper() or _alone(text, m)]
    return LETTERS.index(letters[-1].upper()) if letters else None


def _alone(text: str, match: re.Match[str]) -> bool:
    """ "answer: b" is a letter; "the answer is a lesion" is an article."""
    return not text[match.end() :].lstrip(" ")[:1].isalnum()


def _leading(text: str) -> int | None:
    match = LEADING.match(text)
    return LETTERS.index(match[1]) if match else None


def _by_words(text: str, options: Sequence[str]) -> int | None:
    said = _words(FINAL.split(text)[-1])
    names = [_words(option) for option in options]
    begun = [i for i, name in enumerate(names) if name and f"{said} ".startswith(f"{name} ")]
    if begun:
        return max(begun, key=lambda i: len(names[i]))  # "type 2 diabetes" before "type 2"
    named = [i for i, name in enumerate(names) if name and f" {name} " in f" {_words(text)} "]
    within = {i for i in named for j in named if i != j and f" {names[i]} " in f" {names[j]} "}
    left = [i for i in named if i not in within]
    return left[0] if len(left) == 1 else None


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
