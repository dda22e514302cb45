"""Device memory that a trial needs, told from its configuration and the counts of its data."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from cluster.memory import (
    Load,
    ModelShape,
    activation_bytes,
    adapter_bytes,
    base_bytes,
    frozen_adapter_bytes,
    key_value_bytes,
    stacked_bytes,
)
from sweeps.run_folder.entry import Entry
from trainables.errors import InputError
from trainables.forward.budget import HELD_BYTES, MAX_TOKENS
from trainables.kinds import TrialConfig
from trainables.models.config import LoraConfig
from trainables.models.header import tensor_shapes
from trainables.models.resolve import cached_folder
from trainables.models.targets import Shapes, linear_modules, matching, trainable_parameters
from trainables.ppo.config import PPOConfig
from trainables.rewards.config import REWARD_MODEL
from trainables.training.config import SingleTrial
from trainables.training.optimizers import OPTIMIZERS


class Call(NamedTuple):
    """What one trial puts through the model at once: tokens, those with logits, and those whose
    keys and values it holds while it writes answers."""

    tokens: float
    answers: float
    written: float = 0.0


def peak_bytes(trial: SingleTrial, data: Mapping[str, Any], size: int = 1) -> float | None:
    """Memory that a pack of `size` such trials needs by the memory model; None where it does not
    know the model's build or the kind of trial. `data` is the data report; the model must be in the
    cache.

    Where all weights are trained, they are the float32 weights: no frozen base lies beside them.
    """
    folder = cached_folder(trial.model)
    shape = _shape(folder) if folder else None
    if folder is None or shape is None or trial.kind not in CALLS:
        return None
    width, shapes, lora = (
        4 if trial.model.dtype == "float32" else 2,
        tensor_shapes(folder),
        trial.lora,
    )
    call = CALLS[trial.kind](trial, data)
    tokens, answers = math.ceil(call.tokens), math.ceil(call.answers)
    rank, dropout = (lora.r, lora.lora_dropout > 0) if lora else (0, False)
    load = Load(tokens, answers, rank, _names(lora, shapes), dropout)
    together = min(size, MAX_TOKENS / call.tokens)  # more go through in several calls
    recompute = trial.training.gradient_checkpointing
    training = together * activation_bytes(shape, [load], width, recompute)
    writing = min(size * call.written * key_value_bytes(shape, width), HELD_BYTES)
    own = size * _adapters(trial, shapes, width) + stacked_bytes(
        _parameters(lora, shapes) if lora else 0, width, size
    )
    return _base(trial, shapes, width) + own + max(training, writing)


def trial_peak_bytes(trial: TrialConfig, data: Mapping[str, Any]) -> float | None:
    """`peak_bytes` of a trial alone: of its stage that needs most."""
    reports = [*data["stages"].values()] if "stages" in data else [data]
    stages: Sequence[SingleTrial] = trial.stage_trials
    needs = [peak_bytes(s, report) for s, report in zip(stages, reports, strict=True)]
    known = [need for need in needs if need is not None]
    return max(known) if len(known) == len(needs) else None


def predicted_facts(entry: Entry, data: Mapping[str, Any]) -> dict[str, float]:
    """`predicted_peak_gb` (1e9 bytes) for a trial's record, where the model's build is known."""
    if entry.is_base:
        return {}
    try:
        found = trial_peak_bytes(entry.validated, data)
    except (InputError, OSError, KeyError, ValueError):  # the model was moved meanwhile
        return {}
    return {} if found is None else {"predicted_peak_gb": found / 1e9}


def _shape(folder: Path) -> ModelShape | None:
    file = folder / "config.json"
    return ModelShape.of(json.loads(file.read_text())) if file.is_file() else None


def _rows(trial: SingleTrial, data: Mapping[str, Any]) -> Call:
    mean = float(data["tokens"]["train"] / data["kept"]["train"])
    tokens = min(trial.training.per_device_train_batch_size * mean, float(MAX_TOKENS))
    return Call(tokens, tokens * data["tokens"]["answer_train"] / data["tokens"]["train"])


def _pairs(trial: SingleTrial, data: Mapping[str, Any]) -> Call:
    """Of a reward model, which makes no logits."""
    return _rows(trial, data)._replace(answers=0)


def _answers(trial: SingleTrial, data: Mapping[str, Any]) -> Call:
    """Of PPO: a minibatch of its own answers, each taken to be as long as it may."""
    assert isinstance(trial, PPOConfig)
    t, tokens = trial.training, data["tokens"]
    prompt = float(tokens["train"] - tokens["answer_train"]) / data["kept"]["train"]
    asked = t.per_device_train_batch_size * t.gradient_accumulation_steps
    row = prompt + t.response_length
    together = min(math.ceil(asked / t.num_mini_batches), MAX_TOKENS / row)
    longest = max(t.response_length, trial.evaluation.response_length or 0)
    return Call(together * row, together * t.response_length, asked * (prompt + longest))


CALLS: dict[str, Callable[[SingleTrial, Mapping[str, Any]], Call]] = {
    "sft": _rows,
    "reward": _pairs,
    "ppo": _answers,
}


def _adapters(trial: SingleTrial, shapes: Shapes, width: int) -> int:
    """What a trial trains, and what it holds beside it: the reference of PPO, a reward model."""
    frozen = 0
    if isinstance(trial, PPOConfig):
        parameters = _parameters(trial.lora, shapes)
        count = 1 + bool(trial.reward.weights.get(REWARD_MODEL))
        frozen = count * frozen_adapter_bytes(parameters, width)
    states = OPTIMIZERS[trial.training.optim].state_bytes(1)
    return _trained(trial.lora, shapes, width, states) + frozen


def _names(lora: LoraConfig | None, shapes: Shapes) -> list[str]:
    """The last parts of the names of the linear layers that are trained."""
    targets = lora.target_modules if lora else "all-linear"
    found = matching(targets, linear_modules(shapes)).values()
    return sorted({name.rsplit(".", 1)[-1] for among in found for name in among})


def _base(trial: SingleTrial, shapes: Shapes, width: int) -> float:
    if trial.lora is None:
        return 0.0
    quantized = [f"{module}.weight" for module in linear_modules(shapes)]
    return base_bytes(shapes, quantized, trial.model.quantization, width)


def _trained(lora: LoraConfig | None, shapes: Shapes, width: int, states: int) -> int:
    if lora is None:
        return adapter_bytes(sum(map(prod, shapes.values())), width, states)
    return adapter_bytes(_parameters(lora, shapes), width, states)


def _parameters(lora: LoraConfig, shapes: Shapes) -> int:
    return trainable_parameters(lora.target_modules, shapes, lora.r)
