"""Reward `reasoning`: an answer whose steps are about the question, linked, and lead to an end.

Definition. The mean of four parts, times `relevance` and `prose`: steps (two distinct sentences or
more: 1; one: 1/2), links (sentences that say why: "because", "therefore", "which", … : 1 from
every third sentence on, in proportion below), conclusion (the last sentence concludes, or states
the answer) and clarity (share of sentences of 4 to 35 words). relevance = min(1, 2 × share of
sentences that share a content word with the question, the context or the reference).

Failure cases. It sees form: a false argument in good order scores as a true one, and a right
answer of one line scores low. Weigh it together with `factuality`.

Examples. "Iron is low, so red cells are small. Because she bleeds monthly, iron is lost. Therefore
this is iron deficiency anemia." above 0.9; "Iron deficiency." below 0.5; connectives without
content ("Therefore, because, thus …"), a template about something else, and an empty answer about
0.
"""

import re
from collections.abc import Sequence
from typing import Any

from trainables.clinical.stopwords import content_words
from trainables.clinical.words import sentences
from trainables.data.items import Item
from trainables.evaluation.grounding import given
from trainables.evaluation.reasoning import CONCLUDES, FINAL
from trainables.rewards.answers import ChatPrompt, answer_text, items_of
from trainables.rewards.prose import prose

LINKS = re.compile(
    r"\b(?:because|since|therefore|thus|hence|so|which|due to|as a result|leads? to|results? in"
    r"|causes?|suggests?|indicates?|means|consistent with|given that|explains?|if|first|second|next"
    r"|finally|rules? out|unlike|whereas|but|however)\b",
    re.IGNORECASE,
)


def reasoning(
    prompts: Sequence[ChatPrompt], completions: Sequence[ChatPrompt], **columns: Any
) -> list[float]:
    """One reward a completion, 0..1; see the module."""
    items = items_of(prompts, columns)
    return [_reward(answer_text(c), i) for c, i in zip(completions, items, strict=True)]


def _reward(answer: str, item: Item) -> float:
    parts = [s for s in dict.fromkeys(sentences(answer)) if len(s.split()) > 1]
    if not parts:
        return 0.0
    steps = min(1.0, len(parts) / 2)
    links = min(1.0, 3 * sum(bool(LINKS.search(part)) for part in parts) / len(parts))
    concluded = float(bool(CONCLUDES.search(parts[-1]) or FINAL.match(parts[-1])))
    clarity = sum(4 <= len(part.split()) <= 35 for part in parts) / len(parts)
    form = (steps + links + concluded + clarity) / 4
    return form * _relevance(parts, item) * prose(answer)


def _relevance(parts: Sequence[str], item: Item) -> float:
    topic = set(content_words(given(item)))
    related = sum(bool(topic & set(content_words(part))) for part in parts)
    return min(1.0, 2 * related / len(parts))
