"""The trial of kind `sft`: supervised fine-tuning of LoRA adapters, or of all weights."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.config import DataConfig
from trainables.evaluation.config import EvaluationConfig
from trainables.models.config import LoraConfig
from trainables.section import refused
from trainables.training.config import SingleTrial, TrainingConfig


class SFTTrainingConfig(TrainingConfig):
    """TRL's SFTConfig, the fields that other kinds lack."""

    neftune_noise_alpha: float | None = Field(None, gt=0)  # Jain et al. 2023, arXiv:2310.05914
    label_smoothing_factor: float = Field(0.0, ge=0, lt=1)  # of the training loss alone


class SFTConfig(SingleTrial):
    """One SFT trial, complete: every field has its value."""

    kind: Literal["sft"] = "sft"
    data: DataConfig
    lora: LoraConfig | None = LoraConfig()  # null: all weights are trained
    training: SFTTrainingConfig = SFTTrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @model_validator(mode="after")
    def _sections_fit(self) -> Self:
        quantization, regularizer = self.model.quantization, self.training.regularizer
        if self.lora is None and quantization != "none":
            what = f"{quantization} weights cannot be trained themselves, and lora is null"
            raise refused(
                "model.quantization", quantization, what, "Write `quantization: none`, or give lora"
            )
        if regularizer and self.lora and self.lora.use_dora:
            what = "is not defined for DoRA, which rescales the base's weights"
            fix = "Remove it, or write `use_dora: false`"
            raise refused("training.regularizer", regularizer.kind, what, fix)
        return self
