"""Tiny PPO trials for tests: configurations, runs, and a reward that has something to learn."""

from collections.abc import Sequence
from typing import Any

from tests.trainables.sft.trials import DEFAULTS, prepared, run_with
from trainables.context import Report
from trainables.data.prepared import Prepared
from trainables.ppo.config import PPOConfig
from trainables.saved import Checkpoint

OWN = {
    "model": DEFAULTS["model"],
    "data": DEFAULTS["data"],
    "lora": {"r": 4, "target_modules": ["q_proj", "v_proj"]},
    "reward": {"weights": {"tests.trainables.ppo.trials:letters": 1}},
    "training": {
        "learning_rate": 5e-3,
        "per_device_train_batch_size": 4,
        "response_length": 6,
        "num_ppo_epochs": 2,
        "num_mini_batches": 2,
        "temperature": 1.0,
        "max_length": 96,
        "max_steps": 4,
    },
    "evaluation": {"limit": 3, "max_new_tokens": 4, "metrics": ["perplexity", "rouge"]},
}


def letters(_: Sequence[str], completions: Sequence[str], **__: Any) -> list[float]:
    """The share of an answer that is lower-case letters: many tokens have some."""
    return [sum(c.islower() for c in text) / max(1, len(text)) for text in completions]


def ppo(**sections: dict[str, Any]) -> PPOConfig:
    """A complete configuration: OWN with fields of some sections replaced."""
    merged = {name: {**fields, **sections.get(name, {})} for name, fields in OWN.items()}
    return PPOConfig.model_validate(
        {**merged, **{k: v for k, v in sections.items() if k == "reward"}}
    )


def run_ppo(
    trial: PPOConfig,
    checkpoint: Checkpoint | None = None,
    stop_after: int | None = None,
    data: Prepared | None = None,
) -> list[Report]:
    """The reports of one trial, in this process; it may be stopped after some of them."""
    from trainables.ppo.train import train

    return run_with(train, trial, data or prepared(), checkpoint, stop_after)
