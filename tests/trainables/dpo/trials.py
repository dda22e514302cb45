"""Tiny DPO trials for tests: configurations and runs on the pairs of the reward model's tests."""

from typing import Any

from tests.trainables.reward_model.trials import prepared
from tests.trainables.sft.trials import DEFAULTS, run_with
from trainables.context import Report
from trainables.data.prepared import Prepared
from trainables.dpo.config import DPOConfig
from trainables.dpo.train import train
from trainables.saved import Checkpoint

SECTIONS: dict[str, dict[str, Any]] = {
    **{name: DEFAULTS[name] for name in ("model", "data", "lora")},
    "training": {
        "learning_rate": 5e-3,
        "per_device_train_batch_size": 2,
        "gradient_accumulation_steps": 2,
        "max_length": 96,
        "beta": 0.3,
    },
    "evaluation": {"limit": 2, "max_new_tokens": 4},
}


def config(**sections: dict[str, Any]) -> DPOConfig:
    """A complete configuration: SECTIONS with fields of some sections replaced."""
    merged = {name: {**fields, **sections.get(name, {})} for name, fields in SECTIONS.items()}
    return DPOConfig.model_validate(merged)


def run(
    trial: DPOConfig,
    checkpoint: Checkpoint | None = None,
    stop_after: int | None = None,
    data: Prepared | None = None,
) -> list[Report]:
    """The reports of one trial, in this process; it may be stopped after some of them."""
    return run_with(train, trial, data or prepared(), checkpoint, stop_after)
