"""Reward `factuality`: agreement with the gold answer, graded.

Definition. The mean, weighted, of the parts that apply: choice (weight 4: the gold option, or the
reference's opening yes, no or maybe, is chosen: 1 or 0), entities (2: F1 of (concept, affirmed or
denied) pairs), numbers (1: F1 of the numbers, doses in converted units) and wording (1: token F1
of SQuAD, Rajpurkar et al. 2016, doi:10.18653/v1/D16-1264, on content words). Times `prose` of an
answer of 12 words or more. 0 where the row has no gold.

Failure cases. A right answer in other words loses wording, and entities where the lexicon lacks
the synonym. Who does what to whom is not seen. A long right answer loses precision: that is meant.

Examples. Gold "No. Antibiotics do not treat the flu." "No, antibiotics do not help against flu."
above 0.7; "Yes, antibiotics treat the flu." below 0.3; yes and no together 0 for choice; empty 0.
"""

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from trainables.clinical.doses import DOSE, doses
from trainables.clinical.lexicon import clinical_lexicon, drug_lexicon
from trainables.clinical.negation import polarity
from trainables.clinical.stopwords import content_words
from trainables.data.items import Item
from trainables.errors import InputError
from trainables.evaluation.reasoning import chain, chosen
from trainables.rewards.answers import ChatPrompt, answer_text, items_of
from trainables.rewards.prose import prose

WEIGHTS = {"choice": 4, "entities": 2, "numbers": 1, "wording": 1}
NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*(?![\w.]*\w)")
OPENING = re.compile(r"^\W*(yes|no|maybe)\b", re.IGNORECASE)
SHORT = 12  # words; "B" and "Yes." are whole answers


def factuality(
    prompts: Sequence[ChatPrompt], completions: Sequence[ChatPrompt], **columns: Any
) -> list[float]:
    """One reward a completion, 0..1; see the module. InputError without gold answers."""
    if not {"answer", "gold"} & columns.keys():
        raise InputError(
            "reward.weights",
            "factuality",
            "the data has no gold answers",
            "Name a column `answer` (text) or `gold` with `options`, or drop this reward.",
        )
    items = items_of(prompts, columns)
    return [_reward(answer_text(c), i) for c, i in zip(completions, items, strict=True)]


def _reward(answer: str, item: Item) -> float:
    parts = {
        "choice": _choice(answer, item),
        "entities": _f1(_statements(answer), _statements(item.answer)),
        "numbers": _f1(_numbers(answer), _numbers(item.answer)),
        "wording": _f1(Counter(content_words(answer)), Counter(content_words(item.answer))),
    }
    found = {name: value for name, value in parts.items() if value is not None}
    if not found or not answer:
        return 0.0
    mean = sum(WEIGHTS[n] * v for n, v in found.items()) / sum(WEIGHTS[n] for n in found)
    return mean * (prose(answer) if len(answer.split()) >= SHORT else 1.0)


def _choice(answer: str, item: Item) -> float | None:
    """Whether the gold is chosen, in the final answer where there is one, else anywhere."""
    if item.options and item.gold is not None:
        said = chosen(chain(answer).final, item.options) or chosen(answer, item.options)
        return float(said == chr(65 + item.gold))
    verdict = OPENING.match(item.answer)
    if item.options or not verdict:
        return None
    final = chain(answer).final
    opening = OPENING.match(answer)
    said = chosen(final, ()) or (opening[1].lower() if opening else chosen(answer, ()))
    return float(said == verdict[1].lower() and not _hedged(answer))


def _hedged(answer: str) -> bool:
    """Whether an answer opens with several verdicts at once ("Yes and no", "yes/no/maybe")."""
    return len(set(re.findall(r"\b(?:yes|no|maybe)\b", answer[:30].lower()))) > 1


def _statements(text: str) -> Counter[Hashable]:
    return Counter(dict.fromkeys(polarity(text, clinical_lexicon()).items(), 1))


def _numbers(text: str) -> Counter[Hashable]:
    found: list[Hashable] = [
        (d.unit, f"{d.low:.3g}", f"{d.high:.3g}") for d in doses(text, drug_lexicon())
    ]
    found += [number.replace(",", "") for number in NUMBER.findall(DOSE.sub(" ", text))]
    return Counter(dict.fromkeys(found, 1))


def _f1(said: Counter[Any], meant: Counter[Any]) -> float | None:
    """Token F1 of two multisets; None where the reference has none."""
    if not meant:
        return None
    return 2 * (said & meant).total() / (said.total() + meant.total())
