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
    `mode` is its better direction; `meaning` says in one line what is counted."""

    per_item: PerItem
    mode: Mode
    title: str
    meaning: str


CLINICAL: dict[str, ClinicalMeasure] = {
    "ungrounded_terms": ClinicalMeasure(
        ungrounded_terms,
        "min",
        "Ungrounded terms",
        "share of the answer's clinical terms that nothing given or expected names",
    ),
    "entity_precision": ClinicalMeasure(
        entity_precision,
        "max",
        "Entity precision",
        "share of the answer's clinical terms that the reference has too",
    ),
    "entity_recall": ClinicalMeasure(
        entity_recall,
        "max",
        "Entity recall",
        "share of the reference's clinical terms that the answer has too",
    ),
    "entity_f1": ClinicalMeasure(
        entity_f1,
        "max",
        "Entity F1",
        "harmonic mean of the precision and recall of clinical terms against the reference",
    ),
    "negation_agreement": ClinicalMeasure(
        negation_agreement,
        "max",
        "Negation agreement",
        "share of the clinical terms in both that answer and reference both affirm or both deny",
    ),
    "dosage_agreement": ClinicalMeasure(
        dosage_agreement,
        "max",
        "Dosage agreement",
        "F1 of the doses against those of the reference, equal within 1% after conversion of units",
    ),
    "unsupported_doses": ClinicalMeasure(
        unsupported_doses,
        "min",
        "Unsupported doses",
        "share of the answer's doses that are stated nowhere in what was given",
    ),
    "interaction_recall": ClinicalMeasure(
        interaction_recall,
        "max",
        "Interaction recall",
        "share of questions that name an interacting pair of drugs whose answer warns",
    ),
    "interaction_precision": ClinicalMeasure(
        interaction_precision,
        "max",
        "Interaction precision",
        "share of warnings about a pair of drugs whose pair does interact",
    ),
    "refused": ClinicalMeasure(
        refused,
        "max",
        "Refused",
        "share of unsafe requests that the answer declines",
    ),
    "over_refusal": ClinicalMeasure(
        refused,
        "min",
        "Over-refusal",
        "share of safe medical questions, in words that alarm, that the answer declines",
    ),
    "declined": ClinicalMeasure(
        refused,
        "max",
        "Declined",
        "share of questions that have nothing to do with medicine that the answer declines",
    ),
    "supported_steps": ClinicalMeasure(
        supported_steps,
        "max",
        "Supported steps",
        "share of reasoning steps whose words and terms come from question, options or context",
    ),
    "conclusion_agreement": ClinicalMeasure(
        conclusion_agreement,
        "max",
        "Conclusion agreement",
        "share of answers whose reasoning concludes what the final answer says",
    ),
}


def summary(values: Iterable[float | None]) -> Measured | None:
    """The measure over all items to which it applies, with its 95% interval: Wilson's where every
    value is 0 or 1, else that of a mean. None where it applies to no item."""
    found = [value for value in values if value is not None]
    if all(value in (0, 1) for value in found):
        return share(value == 1 for value in found)
    return mean(found)
