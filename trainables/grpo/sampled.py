"""Sampled answers to validation prompts."""

from collections.abc import Collection, Mapping, Sequence
from statistics import fmean
from typing import Any

import torch

from trainables.evaluation.batches import by_token_budget
from trainables.evaluation.generation import generated, through_end
from trainables.grpo.config import GRPOConfig
from trainables.ppo.config import PPOConfig
from trainables.seeds import derived_seed


def sampled(
    model: Any,
    prompts: Sequence[Any],
    ends: Sequence[int],
    config: GRPOConfig | PPOConfig,
    pad: int,
) -> list[list[int]]:
    """An answer to each prompt (token ids) as policies are measured, with the token that ends it;
    a function of the policy and `training.seed` alone."""
    budget, (temperature, longest) = config.evaluation.max_batch_tokens, config.measured_sampling
    torch.manual_seed(derived_seed("validation", config.training.seed))
    how = {"do_sample": True, "temperature": temperature, "top_k": 0}
    how["top_p"] = config.measured_top_p
    answers: list[list[int]] = [[] for _ in prompts]
    for batch in by_token_budget([len(prompt) for prompt in prompts], budget, longest):
        asked = [prompts[place] for place in batch]
        continued = generated(model, asked, longest, [*ends], pad, **how)
        for place, tokens in zip(batch, continued, strict=True):
            answers[place] = through_end(tokens, ends)
    return answers


def told_of(answers: Sequence[Sequence[int]], ends: Collection[int]) -> dict[str, list[float]]:
    """What is told of each answer (token ids): its tokens, and whether it was cut before its end
    (1) or not (0)."""
    return {
        "answer_tokens": [float(len(answer)) for answer in answers],
        "truncated": [float(answer[-1] not in ends) for answer in answers],
    }


def means(columns: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Each column's."""
    return {name: fmean(values) for name, values in columns.items()}
