"""Reward `terminology`: clinical terms that belong here, used in sentences.

Definition. The terms that belong are those of question, options, context, reference and rationale;
those wanted are the reference's (the question's, where there is none). With the terms that the
answer's prose sentences use, and say as the reference does (affirmed or denied, NegEx): precision
= used that belong / used, recall = wanted that are used / wanted; the reward is their harmonic
mean times `prose`. Where no term is wanted it is precision times `prose`.

Failure cases. A right term that nobody gave counts as out of place. Terms used in a false sentence
count as used. It sees findings, diagnoses and drugs only (docs/clinical.md).

Examples. Reference "Metformin can cause lactic acidosis". "Metformin may lead to lactic acidosis."
1.0; the same followed by "Gout. Asthma. Anemia. Rash." 0.5 or less; "metformin lactic acidosis"
ten times over, and an empty answer, about 0.
"""

from collections.abc import Sequence
from typing import Any

from trainables.clinical.lexicon import clinical_lexicon
from trainables.clinical.negation import polarity
from trainables.data.items import Item
from trainables.evaluation.entities import clinical_concepts
from trainables.evaluation.grounding import given, ungrounded
from trainables.rewards.answers import ChatPrompt, answer_text, items_of
from trainables.rewards.prose import prose, prose_sentences


def terminology(
    prompts: Sequence[ChatPrompt], completions: Sequence[ChatPrompt], **columns: Any
) -> list[float]:
    """One reward a completion, 0..1; see the module."""
    items = items_of(prompts, columns)
    return [_reward(answer_text(c), i) for c, i in zip(completions, items, strict=True)]


def _reward(answer: str, item: Item) -> float:
    text = "\n".join(prose_sentences(answer))
    stray, used = ungrounded(answer, given(item))
    precision = 1 - len(stray) / len(used) if used else 1.0
    wanted = clinical_concepts(item.answer) or clinical_concepts(item.question)
    if not wanted:
        return precision * prose(answer)
    right = clinical_concepts(text) & wanted - _contradicted(text, item.answer)
    recall = len(right) / len(wanted)
    total = precision + recall
    return 2 * precision * recall / total * prose(answer) if total else 0.0


def _contradicted(answer: str, reference: str) -> set[str]:
    lexicon = clinical_lexicon()
    said, meant = polarity(answer, lexicon), polarity(reference, lexicon)
    return {concept for concept in said.keys() & meant.keys() if said[concept] != meant[concept]}
