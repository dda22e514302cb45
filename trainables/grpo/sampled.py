"""Sampled answers to validation prompts."""

from collections.abc import Sequence
from typing import Any

import torch

from trainables.evaluation.batches import by_token_budget
from trainables.evaluation.generation import generated
from trainables.grpo.config import GRPOConfig
from trainables.seeds import derived_seed


def sampled(
    model: Any, prompts: Sequence[Any], ends: Sequence[int], config: GRPOConfig, pad: int
) -> list[list[int]]:
    """An answer to each prompt (token ids) as the policy samples them in training, with the token
    that ends it; a function of the policy and `training.seed` alone."""
    t, budget = config.training, config.evaluation.max_batch_tokens
    torch.manual_seed(derived_seed("validation", t.seed))
    how = {"do_sample": True, "temperature": t.temperature, "top_k": 0}
    answers: list[list[int]] = [[] for _ in prompts]
    for batch in by_token_budget([len(p) for p in prompts], budget, t.max_completion_length):
        asked = [prompts[place] for place in batch]
        found = generated(model, asked, t.max_completion_length, [*ends], pad, **how)
        for place, tokens in zip(batch, found, strict=True):
            answers[place] = through_end(tokens, ends)
    return answers


def through_end(tokens: Sequence[int], ends: Sequence[int]) -> list[int]:
    """The tokens up to the first of `ends`, with it."""
    last = next((n for n, token in enumerate(tokens) if token in ends), len(tokens) - 1)
    return [*tokens[: last + 1]]
