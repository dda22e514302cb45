"""Greedy answers of several trials in the same batches, each with its own adapter."""

from collections.abc import Sequence

from trainables.evaluation.generation import TokenPrompt, texts_after
from trainables.forward.passes import TrialRows
from trainables.models.load import Base


def packed_answers(
    base: Base, parts: Sequence[TrialRows], max_new_tokens: int, max_batch_tokens: int
) -> list[list[str]]:
    """The answers of each part, in the order of its rows; see `evaluation.generation.answers`."""
    prompts = [
        TokenPrompt(part.rows.prompt(i), part.adapter) for part in parts for i in part.chosen
    ]
    texts = texts_after(base.model, base.tokenizer, prompts, max_new_tokens, max_batch_tokens)
    answers, first = [], 0
    for part in parts:
        answers.append(texts[first : first + len(part.chosen)])
        first += len(part.chosen)
    return answers
