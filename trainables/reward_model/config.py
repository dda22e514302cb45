"""The trial of kind `reward`: a reward model, LoRA and a scalar head, trained on preferences."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.pairs.config import PairsConfig
from trainables.evaluation.config import EvaluationConfig, MetricFamily
from trainables.models.config import LoraConfig, PackedLora
from trainables.training.config import SingleTrial, TrainingConfig
from trainables.training.optimizers import unpackable_optimizer


class RewardTrainingConfig(TrainingConfig):
    """TRL's RewardConfig, the fields that medsweep supports; a batch counts pairs.

    `center_rewards_coefficient` times the mean of (r_chosen + r_rejected)² is added to the loss, so
    that scores come to lie around 0 (Eisenstein et al. 2023, arXiv:2312.09244); null: not.
    """

    learning_rate: float = Field(1e-4, gt=0)
    center_rewards_coefficient: float | None = Field(0.01, ge=0)

    @model_validator(mode="after")
    def _packs(self) -> Self:
        if reason := unpackable_optimizer(self.optim):
            raise ValueError(f"{reason}, and reward models train in packs: write another optim")
        for field in ("bf16", "fp16"):
            if getattr(self, field):
                raise ValueError(f"{field} is not for reward models: set model.dtype instead")
        if self.regularizer and self.regularizer.kind == "ewc":
            raise ValueError(
                "regularizer ewc is not for reward models: write l2_start, or remove it"
            )
        return self


class RewardEvaluationConfig(EvaluationConfig):
    """How often (`every_epochs`), and on how many validation pairs (`loss_limit`), the model is
    measured. It writes no answers: what needs some is refused."""

    metrics: tuple[MetricFamily, ...] = ()

    @model_validator(mode="after")
    def _needs_no_answers(self) -> Self:
        for field in ("metrics", "examples", "benchmarks"):
            if value := getattr(self, field):
                raise ValueError(f"{field}: a reward model writes no answers; remove {value}")
        return self

    @classmethod
    def of(cls, whole: EvaluationConfig) -> Self:
        """What a reward model takes of an evaluation section, e.g. that of all stages."""
        return cls(
            every_epochs=whole.every_epochs,
            loss_limit=whole.loss_limit,
            max_batch_tokens=whole.max_batch_tokens,
            max_length=whole.max_length,
        )


class RewardModelConfig(SingleTrial):
    """One reward model, complete: every field has its value."""

    kind: Literal["reward"] = "reward"
    data: PairsConfig
    lora: PackedLora = LoraConfig()
    training: RewardTrainingConfig = RewardTrainingConfig()
    evaluation: RewardEvaluationConfig = RewardEvaluationConfig()
