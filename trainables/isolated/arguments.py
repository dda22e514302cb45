"""What all of TRL's trainers are told: the fields of `training` under transformers' names."""

from typing import Any

import torch
from transformers import TrainingArguments

from trainables.training.config import TrainingConfig
from trainables.training.optimizers import OPTIMIZERS


def trainer_options(
    training: TrainingConfig, planned: int, dtype: torch.dtype, scratch: str
) -> dict[str, Any]:
    """What all of TRL's trainers are told."""
    elsewhere = {"num_train_epochs", "max_steps", "early_stopping_patience", "regularizer"}
    below = {"gradient_checkpointing", "bf16", "fp16"}
    on_gpu = torch.cuda.is_available()
    bf16, fp16 = training.bf16, training.fp16
    if bf16 is None:
        bf16 = dtype == torch.bfloat16 and not training.fp16
    if fp16 is None:
        fp16 = dtype == torch.float16 and on_gpu and not training.bf16
    return {
        **training.model_dump(exclude=elsewhere | below),
        "optim": OPTIMIZERS[training.optim].transformers,
        **_recomputation(training.gradient_checkpointing),
        "bf16": bf16,
        "fp16": fp16,
        "output_dir": scratch,
        "max_steps": planned,
        "use_cpu": not on_gpu,
        "logging_nan_inf_filter": False,
        "logging_strategy": "no",
        "save_strategy": "no",
        "eval_strategy": "no",
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_pin_memory": on_gpu,
    }


def on_one_device(arguments: Any) -> Any:
    """A trial owns one device; the others are not its to replicate on."""
    if torch.cuda.is_available():
        arguments._n_gpu = 1
    return arguments


def _recomputation(on: bool) -> dict[str, Any]:
    """Recomputation of activations, by the name that this transformers gives it."""
    newer = "activation_checkpointing"
    known = newer in TrainingArguments.__dataclass_fields__
    name = newer if known else "gradient_checkpointing"
    return {name: on, f"{name}_kwargs": {"use_reentrant": False}}
