"""Sampled answers of several trials in the same batches, each with its own adapter."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from trainables.evaluation.batches import by_token_budget
from trainables.evaluation.generation import end_tokens, through_end
from trainables.forward.adapter import PackedAdapter
from trainables.forward.budget import HELD_BYTES
from trainables.forward.decoding import written
from trainables.forward.key_values import token_bytes
from trainables.forward.sampling import Draw
from trainables.models.load import Base


class Rollouts(NamedTuple):
    """A trial's adapter, the prompts that it answers (token ids), a key for each answer's noise
    (`sampling.answer_keys`), and its temperature."""

    adapter: PackedAdapter
    prompts: Sequence[Any]
    keys: Sequence[int]
    temperature: float


def packed_samples(
    base: Base, asked: Sequence[Rollouts], max_new_tokens: int, held: int = HELD_BYTES
) -> list[list[list[int]]]:
    """The sampled answers of each trial, in the order of its prompts: token ids, with the token
    that ends the answer, or without one where it was cut at `max_new_tokens`.

    Keys and values of a batch take at most `held` bytes: every pass costs the same for few rows.
    """
    # (number of the trial, number of its prompt) of every prompt
    places = [(trial, i) for trial, own in enumerate(asked) for i in range(len(own.prompts))]
    answers: list[list[list[int]]] = [[[] for _ in own.prompts] for own in asked]
    ends = end_tokens(base.model, base.tokenizer)
    lengths = [len(asked[trial].prompts[i]) for trial, i in places]
    budget = held // token_bytes(base.model)
    for batch in by_token_budget(lengths, budget, max_new_tokens):
        chosen = [places[number] for number in sorted(batch)]  # trial by trial
        sampled = _sampled(base, asked, chosen, max_new_tokens, ends)
        for (trial, i), tokens in zip(chosen, sampled, strict=True):
            answers[trial][i] = through_end(tokens, ends)
    return answers


def _sampled(
    base: Base,
    asked: Sequence[Rollouts],
    chosen: Sequence[tuple[int, int]],
    max_new_tokens: int,
    ends: list[int],
) -> list[list[int]]:
    draw = Draw(
        [asked[trial].keys[i] for trial, i in chosen],
        [asked[trial].temperature for trial, _ in chosen],
        base.model.device,
    )
    prompts = [asked[trial].prompts[i] for trial, i in chosen]
    adapters = [asked[trial].adapter for trial, _ in chosen]
    return written(base.model, prompts, adapters, draw, max_new_tokens, ends)
