"""Clinical terms of the answer against those of the reference: precision, recall, F1.

The set form of entity scoring (Tjong Kim Sang & De Meulder 2003, https://aclanthology.org/W03-0419)
on concepts, so that a synonym counts as the term; per item, so that the mean is over questions.
"""

from collections.abc import Sequence

from trainables.clinical.lexicon import clinical_lexicon
from trainables.data.items import Item
from trainables.evaluation.grounding import CLINICAL


def entity_precision(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item the share, 0..1, of the answer's concepts that the reference names; 0 where the
    answer names none. None where the reference names none."""
    return [_score(p, i.answer, 0) for p, i in zip(predictions, items, strict=True)]


def entity_recall(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item the share, 0..1, of the reference's concepts that the answer names. None where the
    reference names none."""
    return [_score(p, i.answer, 1) for p, i in zip(predictions, items, strict=True)]


def entity_f1(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item the harmonic mean, 0..1, of precision and recall. None as for them."""
    return [_score(p, i.answer, 2) for p, i in zip(predictions, items, strict=True)]


def precision_recall_f1(found: set[str], wanted: set[str]) -> tuple[float, float, float]:
    """Of two sets, each 0..1; 0 where a denominator is 0."""
    hits = len(found & wanted)
    precision = hits / len(found) if found else 0.0
    recall = hits / len(wanted) if wanted else 0.0
    return precision, recall, 2 * hits / (len(found) + len(wanted)) if hits else 0.0


def clinical_concepts(text: str) -> set[str]:
    """The findings, diagnoses and drugs that a text names."""
    return {m.concept for m in clinical_lexicon().find(text) if m.kind in CLINICAL}


def _score(answer: str, reference: str, which: int) -> float | None:
    wanted = clinical_concepts(reference)
    return precision_recall_f1(clinical_concepts(answer), wanted)[which] if wanted else None
