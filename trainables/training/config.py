"""The section `training` that all kinds share, and what every trial of one training is."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.pairs.config import AnyData
from trainables.evaluation.config import EvaluationConfig
from trainables.models.config import LoraConfig, ModelConfig
from trainables.regularizers.config import RegularizerConfig
from trainables.section import Section, refused
from trainables.training.optimizers import OptimizerName

Scheduler = Literal[
    "linear", "cosine", "constant", "constant_with_warmup", "cosine_with_restarts", "polynomial"
]


class TrainingConfig(Section):
    """transformers' TrainingArguments and TRL's SFTConfig, the fields that medsweep supports."""

    seed: int = Field(42, ge=0, lt=2**32)
    learning_rate: float = Field(2e-4, gt=0)  # other kinds have their own default, and bounds
    num_train_epochs: float = Field(1, gt=0)
    max_steps: int | None = Field(None, ge=1)  # optimizer steps; where set, it rules over epochs
    per_device_train_batch_size: int = Field(4, ge=1)
    gradient_accumulation_steps: int = Field(1, ge=1)
    lr_scheduler_type: Scheduler = "cosine"
    warmup_steps: float = Field(0.03, ge=0)  # below 1: a share of all steps
    weight_decay: float = Field(0.0, ge=0)
    max_grad_norm: float = Field(1.0, ge=0)  # 0: no clipping
    optim: OptimizerName = "adamw_torch"
    adam_beta1: float = Field(0.9, ge=0, lt=1)
    adam_beta2: float = Field(0.999, ge=0, lt=1)
    adam_epsilon: float = Field(1e-8, gt=0)
    gradient_checkpointing: bool = False
    bf16: bool | None = None  # null: as the device and `model.dtype` say
    fp16: bool | None = None
    max_length: int = Field(512, ge=8)  # tokens; longer rows are cut at the right
    early_stopping_patience: int | None = Field(None, ge=1)  # evaluations without a better val_loss
    regularizer: RegularizerConfig | None = None  # against forgetting

    @model_validator(mode="after")
    def _one_precision(self) -> Self:
        if self.bf16 and self.fp16:
            raise refused("fp16", True, "cannot be true beside bf16", "Write one of the two")
        return self

    def steps_per_epoch(self, rows: int) -> int:
        """Optimizer steps in one pass over so many rows."""
        batch, accumulation = self.per_device_train_batch_size, self.gradient_accumulation_steps
        return updates_per_epoch(rows, batch, accumulation)


class SingleTrial(Section):
    """A trial that is one training (of kind `staged` each stage is one), complete: every field has
    its value. A kind narrows the fields and adds its own."""

    kind: str
    model: ModelConfig
    data: AnyData
    lora: LoraConfig | None
    training: TrainingConfig
    evaluation: EvaluationConfig

    @property
    def stage_trials(self) -> tuple[Self, ...]:
        """The trainings that a trial consists of, one after the other: here itself."""
        return (self,)


def updates_per_epoch(rows: int, batch_size: int, accumulation: int) -> int:
    """Optimizer steps in one pass over `rows`; the last may hold fewer batches."""
    return max(1, math.ceil(math.ceil(rows / batch_size) / accumulation))
