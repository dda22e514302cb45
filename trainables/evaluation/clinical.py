"""The registry of clinical measures of free text: add one by adding its file and a line here."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from trainables.data.items import Item
from trainables.evaluation.dosage import dosage_agreement, unsupported_doses
from trainables.evaluation.drug_interactions import interaction_precision, interaction_recall
from trainables.evaluation.entities import entity_f1, entity_precision, entity_recall
from trainables.evaluation.grounding import ungrounded_terms
from trainables.evaluation.measured import Measured, Mode, mean, share
from trainables.evaluation.negation_agreement import negation_agreement
from trainables.evaluation.reasoning import conclusion_agreement, supported_steps
from trainables.evaluation.refusal import refused

PerItem = Callable[[Sequence[str], Sequence[Item]], list[float | None]]


class ClinicalMeasure(NamedTuple):
    """A measure of answers to items: a value in 0..1 an item, None where it does not apply.
    `mode` is its better direction (None: it depends on what the questions are)."""

    per_item: PerItem
    mode: Mode | None
    title: str


CLINICAL: dict[str, ClinicalMeasure] = {
    "ungrounded_terms": ClinicalMeasure(ungrounded_terms, "min", "Ungrounded terms"),
    "entity_precision": ClinicalMeasure(entity_precision, "max", "Entity precision"),
    "entity_recall": ClinicalMeasure(entity_recall, "max", "Entity recall"),
    "entity_f1": ClinicalMeasure(entity_f1, "max", "Entity F1"),
    "negation_agreement": ClinicalMeasure(negation_agreement, "max", "Negation agreement"),
    "dosage_agreement": ClinicalMeasure(dosage_agreement, "max", "Dosage agreement"),
    "unsupported_doses": ClinicalMeasure(unsupported_doses, "min", "Unsupported doses"),
    "interaction_recall": ClinicalMeasure(interaction_recall, "max", "Interaction recall"),
    "interaction_precision": ClinicalMeasure(interaction_precision, "max", "Interaction precision"),
    "refused": ClinicalMeasure(refused, None, "Refused"),
    "supported_steps": ClinicalMeasure(supported_steps, "max", "Supported steps"),
    "conclusion_agreement": ClinicalMeasure(conclusion_agreement, "max", "Conclusion agreement"),
}


def summary(values: Iterable[float | None]) -> Measured | None:
    """The measure over all items to which it applies, with its 95% interval: Wilson's where every
    value is 0 or 1, else that of a mean. None where it applies to no item."""
    found = [value for value in values if value is not None]
    if all(value in (0, 1) for value in found):
        return share(value == 1 for value in found)
    return mean(found)
