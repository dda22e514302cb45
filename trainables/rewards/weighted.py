"""The total reward: a weighted mean of rewards, and each of them beside it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trainables.errors import InputError
from trainables.rewards.answers import ChatPrompt, Reward
from trainables.rewards.config import short_name


class Rewarded(NamedTuple):
    """A batch's total rewards, one a completion, and its components by name; all in 0..1."""

    total: list[float]
    components: dict[str, list[float]]


def weighted(
    rewards: Mapping[str, Reward],
    weights: Mapping[str, float],
    prompts: Sequence[ChatPrompt],
    completions: Sequence[ChatPrompt],
    **columns: Any,
) -> Rewarded:
    """Σ weight × reward / Σ weight of each completion. Raises InputError where a function gives
    another number of values than there are completions."""
    found = {name: f(prompts, completions, **columns) for name, f in rewards.items()}
    for name, values in found.items():
        if len(values) != len(completions):
            message = f"gave {len(values)} values for {len(completions)} completions"
            raise InputError("reward.weights", name, message)
    total_weight = sum(weights[name] for name in found)
    totals = [
        sum(weights[name] * values[n] for name, values in found.items()) / total_weight
        for n in range(len(completions))
    ]
    return Rewarded(totals, found)


def metric_names(weights: Mapping[str, float]) -> tuple[str, ...]:
    """What a trial with these weights reports: `reward`, and `reward_NAME` of each that counts
    (of one's own function its name without the module)."""
    return ("reward", *(f"reward_{short_name(key)}" for key, weight in weights.items() if weight))
