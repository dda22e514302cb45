"""Tiny GRPO trials for tests: configurations, a reward that can be learned in a few steps, runs."""

from typing import Any

from tests.trainables.sft.trials import DEFAULTS, prepared, run_with
from trainables.context import Report
from trainables.data.prepared import Prepared
from trainables.grpo.config import GRPOConfig
from trainables.grpo.train import train
from trainables.saved import Checkpoint

LETTERS = "tests.trainables.grpo.trials:letters"
SECTIONS: dict[str, dict[str, Any]] = {
    "model": DEFAULTS["model"],
    "data": DEFAULTS["data"],
    "lora": DEFAULTS["lora"],
    "reward": {"weights": {LETTERS: 1}},
    "training": {
        "learning_rate": 2e-2,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "num_generations": 4,
        "max_completion_length": 6,
        "max_length": 96,
    },
    "evaluation": {"limit": 3, "max_new_tokens": 6, "metrics": ["perplexity"]},
}


def letters(prompts: Any, completions: list[str], **columns: Any) -> list[float]:
    """The share of an answer's characters that are lower-case letters."""
    return [sum(c.islower() for c in text) / max(1, len(text)) for text in completions]


def config(**sections: dict[str, Any]) -> GRPOConfig:
    """A complete configuration: SECTIONS with fields of some sections replaced."""
    merged = {name: {**fields, **sections.get(name, {})} for name, fields in SECTIONS.items()}
    return GRPOConfig.model_validate(merged)


def run(
    trial: GRPOConfig,
    checkpoint: Checkpoint | None = None,
    stop_after: int | None = None,
    data: Prepared | None = None,
) -> list[Report]:
    """The reports of one trial, in this process; it may be stopped after some of them."""
    return run_with(train, trial, data or prepared(train=5), checkpoint, stop_after)
