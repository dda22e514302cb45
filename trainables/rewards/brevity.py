"""Reward `brevity`: as long as the question needs.

Definition. With r = words of the answer / words wanted (the reference's, at least 10; 80 where
there is none): 2r for r below 1/2, 1 up to r = 3/2, then falling in a line to 0 at r = 4; times
distinctness and the share of prose.

Failure cases. Length only: a short wrong answer scores as a short right one.

Examples. The reference itself 1; half of it 1; four times as long 0; one word repeated 0; empty 0.
"""

from collections.abc import Sequence
from typing import Any

from trainables.clinical.words import folded
from trainables.rewards.answers import ChatPrompt, answer_text, items_of
from trainables.rewards.prose import prose

LEAST, USUAL = 10, 80  # words


def brevity(
    prompts: Sequence[ChatPrompt], completions: Sequence[ChatPrompt], **columns: Any
) -> list[float]:
    """One reward a completion, 0..1; see the module.

    >>> brevity(["What is aspirin?"], [""])
    [0.0]
    """
    items = items_of(prompts, columns)
    return [
        _reward(answer_text(c), len(folded(i.answer)))
        for c, i in zip(completions, items, strict=True)
    ]


def _reward(answer: str, reference_words: int) -> float:
    wanted = max(reference_words, LEAST) if reference_words else USUAL
    return fit(len(folded(answer)) / wanted) * prose(answer)


def fit(ratio: float) -> float:
    """How well a length fits, of its ratio to the wanted one: a trapezium over 0, 1/2, 3/2, 4."""
    if ratio <= 0.5:
        return 2 * ratio
    return 1.0 if ratio <= 1.5 else max(0.0, (4 - ratio) / 2.5)
