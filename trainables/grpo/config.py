"""The trial of kind `grpo`: a policy that learns from rewards, against other answers to the same
prompt (Shao et al. 2024, arXiv:2402.03300), with TRL's trainer."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.config import DataConfig
from trainables.evaluation.config import EvaluationConfig
from trainables.models.config import LoraConfig, RequiredLora
from trainables.rewards.config import RewardConfig
from trainables.section import refused
from trainables.training.config import SingleTrial, TrainingConfig


class GRPOTrainingConfig(TrainingConfig):
    """TRL's GRPOConfig, the fields that medsweep supports, besides those of `sft`.

    `per_device_train_batch_size` counts answers, as TRL does: an optimizer step sees
    batch size × accumulation / `num_generations` prompts. `max_length` cuts rows of the data.
    """

    learning_rate: float = Field(1e-5, gt=0)
    per_device_train_batch_size: int = Field(8, ge=1)  # answers
    num_generations: int = Field(8, ge=2)  # answers to a prompt
    max_completion_length: int = Field(256, ge=1)  # tokens of an answer
    temperature: float = Field(1.0, gt=0)
    top_p: float = Field(1.0, gt=0, le=1)  # answers are of the likeliest tokens of this share
    beta: float = Field(0.04, ge=0)  # of the divergence from the reference
    num_iterations: int = Field(1, ge=1)  # optimizer steps on the same answers
    epsilon: float = Field(0.2, ge=0)  # of the ratio's clipping, below
    epsilon_high: float | None = Field(None, ge=0)  # above; null: as below
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    scale_rewards: Literal["group", "batch", "none"] = "group"
    mask_truncated_completions: bool = False
    regularizer: None = None  # `beta` holds the policy to its reference

    @property
    def prompts(self) -> int:
        """Prompts of one optimizer step."""
        answers = self.per_device_train_batch_size * self.gradient_accumulation_steps
        return answers // self.num_generations

    def steps_per_epoch(self, rows: int) -> int:
        """Optimizer steps that ask each of `rows` prompts once (the last ones some prompts twice,
        so that each step has as many)."""
        return -(-rows // self.prompts) * self.num_iterations


class GRPOConfig(SingleTrial):
    """One GRPO trial, complete. The rows of `data` are the prompts."""

    kind: Literal["grpo"] = "grpo"
    data: DataConfig
    lora: RequiredLora = LoraConfig()
    reward: RewardConfig = RewardConfig()
    training: GRPOTrainingConfig = GRPOTrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @model_validator(mode="after")
    def _groups_are_whole(self) -> Self:
        t = self.training
        answers = t.per_device_train_batch_size * t.gradient_accumulation_steps
        if answers % t.num_generations:
            what = f"an optimizer step has {answers} answers, which is no multiple of it"
            fix = "Make per_device_train_batch_size × gradient_accumulation_steps a multiple of it"
            raise refused("training.num_generations", t.num_generations, what, fix)
        return self

    @property
    def measured_sampling(self) -> tuple[float, int]:
        """Temperature and most tokens of the answers that are measured."""
        own, held = self.training, self.evaluation
        length = held.response_length or own.max_completion_length
        return held.temperature or own.temperature, length

    @property
    def measured_top_p(self) -> float:
        """The share of the likeliest tokens that measured answers are sampled from."""
        return self.evaluation.top_p or self.training.top_p
