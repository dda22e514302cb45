"""Tiny trials whose stages are of several kinds, on the toy model."""

from typing import Any

from tests.trainables.ppo.trials import OWN
from tests.trainables.reward_model.trials import prepared as prepared_pairs
from tests.trainables.sft.trials import DEFAULTS
from tests.trainables.staged.trials import stage_rows
from trainables.context import ListContext, Report, TrialContext
from trainables.data.prepared import Prepared
from trainables.kinds import PAIRED, TRAIN
from trainables.saved import Checkpoint
from trainables.staged.config import StagedConfig
from trainables.staged.data import together
from trainables.staged.train import train

TRAINING = {"per_device_train_batch_size": 3, "max_length": 96, "num_train_epochs": 1}
DATA = {"source": "toy:drugs", "system_prompt": None}
LETTERS = "tests.trainables.ppo.trials:letters"
STAGES: dict[str, dict[str, Any]] = {
    "sft": {"data": DATA, "training": {**TRAINING, "learning_rate": 5e-3}},
    "reward": {"data": DATA, "training": {**TRAINING, "learning_rate": 5e-3}},
    "ppo": {
        "data": DATA,
        "reward": {"weights": {LETTERS: 1, "reward_model": 1}},
        "training": {**OWN["training"], "max_steps": 3, "seed": 11},
    },
    "dpo": {"data": DATA, "training": {**TRAINING, "learning_rate": 1e-3}},
    "grpo": {
        "data": DATA,
        "reward": {"weights": {LETTERS: 1, "reward_model": 1}},
        "training": {
            **{"max_length": 96, "max_steps": 2, "learning_rate": 1e-3, "num_generations": 2},
            **{"per_device_train_batch_size": 4, "max_completion_length": 6},
        },
    },
}


def pipeline(*kinds: str, **changes: dict[str, Any]) -> StagedConfig:
    """One stage a kind, called by it; `changes` are fields of some of them."""
    stages = [
        {"name": kind, "kind": kind, **STAGES[kind], **changes.get(kind, {})} for kind in kinds
    ]
    lora = {"r": 4, "target_modules": ["q_proj", "v_proj"]}
    evaluation = {"limit": 2, "max_new_tokens": 4, "metrics": ["rouge"]}
    shared = {"model": DEFAULTS["model"], "lora": lora, "evaluation": evaluation}
    return StagedConfig.model_validate({"kind": "staged", **shared, "stages": stages})


def prepared(*kinds: str) -> Prepared:
    """The data of `pipeline(*kinds)`: rows, or pairs, of each stage."""
    parts = [
        prepared_pairs()._replace(key=f"pairs-{number}") if kind in PAIRED else stage_rows(number)
        for number, kind in enumerate(kinds)
    ]
    return together(kinds, parts, [kind for kind in kinds if kind in PAIRED])


def run(trial: StagedConfig, checkpoint: Checkpoint | None = None) -> list[Report]:
    """The reports of one trial, in this process."""
    context = ListContext(prepared(*(stage.kind for stage in trial.stages)), checkpoint)
    train(trial, context)
    return context.reports


def run_alone(
    trial: StagedConfig, place: int, start: Checkpoint | None, data: Prepared
) -> list[Report]:
    """A stage as a trial of its own kind."""
    from importlib import import_module

    stage = trial.stage_trials[place]
    context: TrialContext = ListContext(data, start)
    module, _, name = TRAIN[stage.kind].partition(":")
    getattr(import_module(module), name)(stage, context)
    assert isinstance(context, ListContext)
    return context.reports
