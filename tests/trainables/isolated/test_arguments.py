"""Every field of `training` reaches the trainer, and precision follows the device."""

import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.trainables.sft.trials import config
from trainables.sft.train import training_arguments
from trainables.training.config import TrainingConfig

UNUSUAL: dict[str, Any] = {
    "seed": 7,
    "learning_rate": 3e-3,
    "num_train_epochs": 3.5,
    "max_steps": 17,
    "per_device_train_batch_size": 3,
    "gradient_accumulation_steps": 5,
    "lr_scheduler_type": "polynomial",
    "warmup_steps": 0.25,
    "weight_decay": 0.125,
    "max_grad_norm": 0.75,
    "optim": "adamw_torch_fused",
    "adam_beta1": 0.8,
    "adam_beta2": 0.95,
    "adam_epsilon": 1e-6,
    "gradient_checkpointing": True,
    "bf16": True,
    "fp16": True,
    "max_length": 77,
    "early_stopping_patience": 4,
    "regularizer": {"kind": "l2_start", "weight": 0.5},
}
# the step count is made from these two; patience and penalties are ours
ELSEWHERE = {"num_train_epochs", "max_steps", "early_stopping_patience", "regularizer"}
ALONE = {"bf16": {"fp16": False}, "fp16": {"bf16": False}}


def arguments(training: dict[str, Any], folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    return training_arguments(config(training=training), 12, dtype, str(folder))


def test_the_list_above_holds_every_field() -> None:
    assert UNUSUAL.keys() == TrainingConfig.model_fields.keys()
    assert all(TrainingConfig.model_fields[name].default != v for name, v in UNUSUAL.items())


@pytest.mark.parametrize("field", sorted(UNUSUAL.keys() - ELSEWHERE - {"fp16"}))
def test_a_field_reaches_the_trainer(field: str, tmp_path: Path) -> None:
    found = getattr(arguments({field: UNUSUAL[field], **ALONE.get(field, {})}, tmp_path), field)
    assert getattr(found, "value", found) == UNUSUAL[field]


def test_the_step_count_rules(tmp_path: Path) -> None:
    assert arguments({"num_train_epochs": 9, "max_steps": 99}, tmp_path).max_steps == 12


def test_checkpointing_is_off_unless_asked_for(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        args = arguments({}, tmp_path)
    assert args.gradient_checkpointing is False
    assert getattr(args, "activation_checkpointing", False) is False


def test_an_older_transformers_knows_the_old_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import TrainingArguments

    from trainables.isolated.arguments import _recomputation

    fields = dict(TrainingArguments.__dataclass_fields__)
    fields.pop("activation_checkpointing", None)
    monkeypatch.setattr(TrainingArguments, "__dataclass_fields__", fields)
    assert _recomputation(True) == {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
    }


def test_the_trainers_own_files_and_logs_are_off(tmp_path: Path) -> None:
    args = arguments({}, tmp_path)
    assert (args.save_strategy, args.eval_strategy, args.logging_strategy) == ("no", "no", "no")
    assert args.report_to == []
    assert args.disable_tqdm is True
    assert args.logging_nan_inf_filter is False


@pytest.mark.parametrize(
    ("dtype", "gpu", "training", "bf16", "fp16"),
    [
        (torch.float32, False, {}, False, False),
        (torch.float32, True, {}, False, False),
        (torch.bfloat16, False, {}, True, False),
        (torch.bfloat16, True, {}, True, False),
        (torch.float16, True, {}, False, True),
        (torch.float16, False, {}, False, False),  # no CPU has a gradient scaler
        (torch.bfloat16, True, {"bf16": False}, False, False),
        (torch.bfloat16, True, {"fp16": True}, False, True),
        (torch.float16, True, {"bf16": True}, True, False),
        (torch.float32, True, {"fp16": True}, False, True),
    ],
)
def test_mixed_precision_follows_dtype_and_device(
    dtype: torch.dtype,
    gpu: bool,
    training: dict[str, Any],
    bf16: bool,
    fp16: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed: dict[str, Any] = {}
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    monkeypatch.setattr("trl.SFTConfig", _recorder(passed))
    arguments(training, tmp_path, dtype)
    assert (passed["bf16"], passed["fp16"], passed["use_cpu"]) == (bf16, fp16, not gpu)


def _recorder(passed: dict[str, Any]) -> Any:
    def construct(**options: Any) -> SimpleNamespace:
        passed.update(options)
        return SimpleNamespace(**options)

    return construct
