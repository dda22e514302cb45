"""The trial of kind `dpo`: a policy that learns from pairs of answers, without a reward model
(Rafailov et al. 2023, arXiv:2305.18290), with TRL's trainer."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.pairs.config import PairsConfig
from trainables.evaluation.config import EvaluationConfig
from trainables.models.config import LoraConfig, RequiredLora
from trainables.section import refused
from trainables.training.config import SingleTrial, TrainingConfig

LossName = Literal["sigmoid", "sigmoid_norm", "hinge", "ipo", "robust", "exo_pair", "apo_zero"]
SMOOTHED = ("robust", "exo_pair")  # losses that know label_smoothing


class DPOTrainingConfig(TrainingConfig):
    """TRL's DPOConfig, the fields that medsweep supports, besides those of `sft`; a batch counts
    pairs."""

    learning_rate: float = Field(5e-6, gt=0)
    beta: float = Field(0.1, gt=0)  # how much it costs to leave the reference
    loss_type: LossName = "sigmoid"
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)  # probability that a pair is the wrong way
    disable_dropout: bool = True
    regularizer: None = None  # `beta` holds the policy to its reference


class DPOConfig(SingleTrial):
    """One DPO trial, complete."""

    kind: Literal["dpo"] = "dpo"
    data: PairsConfig
    lora: RequiredLora = LoraConfig()
    training: DPOTrainingConfig = DPOTrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @model_validator(mode="after")
    def _fields_have_an_effect(self) -> Self:
        t = self.training
        if bool(t.label_smoothing) != (t.loss_type == "exo_pair") and t.loss_type != "robust":
            what = "must be above 0 with" if t.loss_type == "exo_pair" else "has no effect with"
            fix = f"Write 0.001, or another loss_type than {t.loss_type}"
            if t.label_smoothing:
                fix = f"Write 0, or training.loss_type: one of {', '.join(SMOOTHED)}"
            raise refused(
                "training.label_smoothing", t.label_smoothing, f"{what} loss {t.loss_type}", fix
            )
        if t.disable_dropout and self.lora.lora_dropout:
            what = "has no effect while training.disable_dropout is true"
            fix = "Write 0, or training.disable_dropout: false"
            raise refused("lora.lora_dropout", self.lora.lora_dropout, what, fix)
        return self
