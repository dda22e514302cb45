"""Doses of the answer against those of the reference, units converted (1 g = 1,000 mg)."""

from collections.abc import Sequence

from trainables.clinical.doses import Dose, doses, same_dose
from trainables.clinical.lexicon import drug_lexicon
from trainables.data.items import Item
from trainables.evaluation.grounding import given


def dosage_agreement(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item F1, 0..1, of the answer's doses against the reference's: quantity within 1%, and
    the same drug where both name one. None where the reference states no dose."""
    return [_f1(_doses(p), _doses(i.answer)) for p, i in zip(predictions, items, strict=True)]


def unsupported_doses(predictions: Sequence[str], items: Sequence[Item]) -> list[float | None]:
    """Per item the share, 0..1, of the answer's doses that neither question, options, context nor
    reference states; lower is better. None where the answer states none."""
    return [_unsupported(p, given(i)) for p, i in zip(predictions, items, strict=True)]


def _doses(text: str) -> list[Dose]:
    return list(dict.fromkeys(doses(text, drug_lexicon())))


def _f1(said: list[Dose], meant: list[Dose]) -> float | None:
    if not meant:
        return None
    precision = sum(_among(d, meant) for d in said) / len(said) if said else 0.0
    recall = sum(_among(d, said) for d in meant) / len(meant)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _unsupported(answer: str, source: str) -> float | None:
    said, known = _doses(answer), _doses(source)
    return sum(not _among(d, known) for d in said) / len(said) if said else None


def _among(dose: Dose, others: list[Dose]) -> bool:
    return any(same_dose(dose, other) for other in others)
