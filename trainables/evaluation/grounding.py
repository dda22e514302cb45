"""Grounding: clinical terms of an answer that nothing it was given accounts for.

A lexical form of the entity-level hallucination of Nan et al. 2021 (arXiv:2102.09130: share of an
output's named entities that the source lacks), with concepts for strings and the reference allowed.
"""

from collections.abc import Sequence

from trainables.clinical.lexicon import clinical_lexicon
from trainables.clinical.phrases import Mention
from trainables.clinical.words import folded
from trainables.data.items import Item

CLINICAL = frozenset({"finding", "diagnosis", "drug"})


def ungrounded_terms(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item the share, 0..1, of the answer's distinct concepts that appear neither in question,
    options, context nor reference; lower is better. None where the answer names no term."""
    return [_share(answer, given(item)) for answer, item in zip(predictions, items, strict=True)]


def given(item: Item) -> str:
    """All that may ground an answer: question, options, context, reference, rationale."""
    return "\n".join((item.question, *item.options, item.context, item.answer, item.rationale))


def ungrounded(answer: str, source: str) -> tuple[set[str], set[str]]:
    """(ungrounded concepts, all concepts) of an answer. A term is grounded by a synonym in the
    source, or by its own words in it: "cancer" by "breast cancer"."""
    lexicon = clinical_lexicon()
    known = lexicon.concepts(source)
    spaced = f" {' '.join(folded(source))} "
    mentions = [m for m in lexicon.find(answer) if m.kind in CLINICAL]
    return {m.concept for m in mentions if not _grounded(m, known, spaced)}, {
        m.concept for m in mentions
    }


def _grounded(mention: Mention, known: set[str], spaced: str) -> bool:
    return mention.concept in known or f" {' '.join(folded(mention.text))} " in spaced


def _share(answer: str, source: str) -> float | None:
    missing, named = ungrounded(answer, source)
    return len(missing) / len(named) if named else None
