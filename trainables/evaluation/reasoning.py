"""Reasoning chains: are the steps grounded in what was asked, does the end follow the chain?

Proxies by words and terms for the step-level faithfulness and consistency of ROSCOE (Golovneva et
al. 2023, arXiv:2212.07919), which embeds the steps instead.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from trainables.clinical.stopwords import content_words
from trainables.clinical.words import folded, sentences
from trainables.data.items import Item
from trainables.evaluation.grounding import ungrounded

SUPPORT = 0.5  # least share of a step's content words that question or context hold
FINAL = re.compile(r"^\W*(?:the\s+)?(?:final\s+|correct\s+)?answer\b(?:\s+is)?\s*[:\-]?\s*", re.I)
CONCLUDES = re.compile(r"\b(?:therefore|thus|hence|so|consequently|in conclusion|overall)\b", re.I)
LETTER = re.compile(
    r"(?:\b(?:answer|option|choice)(?:\s+is)?\s*[:\-]?\s*\(?|^\W*|\()([A-J])(?:[).:]|\b(?!\s+[a-z]))"
)
VERDICT = re.compile(r"\b(yes|no|maybe)\b", re.I)


class Chain(NamedTuple):
    """The steps of a chain and the sentence that states its answer ("" where none does)."""

    steps: list[str]
    final: str


def chain(answer: str) -> Chain:
    """Steps are sentences of three words or more; the final answer is the last sentence that
    begins with "answer", "final answer", "the answer is", …"""
    parts = sentences(answer)
    marked = [n for n, part in enumerate(parts) if FINAL.match(part)]
    final = parts.pop(marked[-1]) if marked else ""
    return Chain([part for part in parts if len(part.split()) >= 3], final)


def supported_steps(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item the share, 0..1, of steps of which at least half of the content words, and every
    clinical term, occur in question, options or context. None under two steps."""
    return [_supported(p, i) for p, i in zip(predictions, items, strict=True)]


def conclusion_agreement(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item 1 where the chain's conclusion and the final answer choose the same option or
    yes/no/maybe, 0 where they differ. None where either states no choice."""
    return [_agrees(p, i) for p, i in zip(predictions, items, strict=True)]


def step_supported(step: str, source: str) -> bool:
    """Whether `source` holds half of the step's content words and all of its clinical terms."""
    content = set(content_words(step))
    if not content:
        return False
    share = len(content & set(folded(source))) / len(content)
    return share >= SUPPORT and not ungrounded(step, source)[0]


def chosen(text: str, options: Sequence[str]) -> str | None:
    """The option's letter that a text chooses, by its letter or by naming exactly one option;
    yes, no or maybe where there are no options; None where it chooses nothing."""
    if not options:
        said = {match.lower() for match in VERDICT.findall(text)}
        return said.pop() if len(said) == 1 else None
    letters = {match for match in LETTER.findall(text) if ord(match) - 65 < len(options)}
    spaced = f" {' '.join(folded(text))} "
    named = {chr(65 + n) for n, o in enumerate(options) if f" {' '.join(folded(o))} " in spaced}
    picked = letters or named
    return picked.pop() if len(picked) == 1 else None


def _supported(answer: str, item: Item) -> float | None:
    steps = chain(answer).steps
    source = "\n".join((item.question, *item.options, item.context))
    if len(steps) < 2:
        return None
    return sum(step_supported(step, source) for step in steps) / len(steps)


def _agrees(answer: str, item: Item) -> float | None:
    found = chain(answer)
    concluding = [step for step in found.steps if CONCLUDES.search(step)] or found.steps[-1:]
    if not concluding:
        return None
    conclusion, final = chosen(concluding[-1], item.options), chosen(found.final, item.options)
    return None if conclusion is None or final is None else float(conclusion == final)
