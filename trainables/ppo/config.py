"""The trial of kind `ppo`: proximal policy optimization of a LoRA adapter on rewards."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.config import DataConfig
from trainables.evaluation.config import EvaluationConfig
from trainables.models.config import LoraConfig, PackedLora
from trainables.rewards.config import RewardConfig
from trainables.training.config import SingleTrial, TrainingConfig
from trainables.training.optimizers import unpackable_optimizer

Estimator = Literal["k1", "k3"]


class PPOTrainingConfig(TrainingConfig):
    """TRL's PPOConfig, and of its predecessors what it has lost (score_clip, adaptive KL).

    A step is an update: `per_device_train_batch_size` x `gradient_accumulation_steps` prompts are
    answered, and the answers are trained on in `num_ppo_epochs` x `num_mini_batches` steps of the
    optimizer. The learning rate changes once an update. Dropout is off.
    """

    learning_rate: float = Field(2e-5, gt=0)
    warmup_steps: float = Field(0.0, ge=0)  # the first update of a warm-up learns nothing
    per_device_train_batch_size: int = Field(16, ge=1)  # prompts answered an update
    response_length: int = Field(64, ge=1)  # tokens of an answer at most
    temperature: float = Field(0.7, gt=0)  # of the policy that answers, and that is trained
    num_ppo_epochs: int = Field(4, ge=1)
    num_mini_batches: int = Field(1, ge=1)
    gamma: float = Field(1.0, ge=0, le=1)
    lam: float = Field(0.95, ge=0, le=1)
    cliprange: float = Field(0.2, gt=0)
    cliprange_value: float | None = Field(0.2, gt=0)  # null: the value loss is not clipped
    vf_coef: float = Field(0.1, ge=0)
    entropy_coef: float = Field(0.0, ge=0)
    kl_coef: float = Field(0.05, ge=0)  # where a target is set, at the start
    kl_estimator: Estimator = "k1"
    kl_target: float | None = Field(None, gt=0)  # nats an answer: kl_coef is steered there
    kl_horizon: int = Field(10000, ge=1)  # answers in which kl_coef changes by 20% at most
    target_kl: float | None = Field(None, gt=0)  # nats a token: ends an update that went so far
    use_score_norm: bool = False  # rewards less their running mean, over their deviation
    score_clip: float | None = Field(None, gt=0)  # cuts rewards (after the norm) at ± this
    missing_eos_penalty: float | None = Field(None, ge=0)  # off the reward of a truncated answer
    whiten_rewards: bool = False  # token rewards to variance 1, beside the advantages

    @model_validator(mode="after")
    def _fits(self) -> Self:
        prompts = self.per_device_train_batch_size * self.gradient_accumulation_steps
        if self.num_mini_batches > prompts:
            raise ValueError(
                f"num_mini_batches is {self.num_mini_batches}, but an update has {prompts} prompts"
            )
        if reason := unpackable_optimizer(self.optim):
            raise ValueError(f"{reason}, and ppo trains in packs: write another optim")
        for field in ("bf16", "fp16", "regularizer"):
            if getattr(self, field):
                fix = "kl_coef holds it" if field == "regularizer" else "set model.dtype instead"
                raise ValueError(f"{field} is not for ppo: {fix}")
        return self


class PPOConfig(SingleTrial):
    """One PPO trial, complete. The rows of `data` are the prompts, their answers the references."""

    kind: Literal["ppo"] = "ppo"
    data: DataConfig
    lora: PackedLora = LoraConfig()
    reward: RewardConfig = RewardConfig()
    training: PPOTrainingConfig = PPOTrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    @property
    def measured_sampling(self) -> tuple[float, int]:
        """Temperature and most tokens of the answers that are measured."""
        own, held = self.training, self.evaluation
        return held.temperature or own.temperature, held.response_length or own.response_length

    @property
    def measured_top_p(self) -> float:
        """As that of grpo; ppo samples from all tokens."""
        return 1.0
