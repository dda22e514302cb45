"""The trial of kind `staged`: trainings one after the other, on one adapter carried through all."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)

from trainables.data.config import DataConfig
from trainables.data.pairs.config import PairsConfig
from trainables.dpo.config import DPOConfig, DPOTrainingConfig
from trainables.evaluation.config import EvaluationConfig
from trainables.grpo.config import GRPOConfig, GRPOTrainingConfig
from trainables.models.config import LoraConfig, ModelConfig, RequiredLora
from trainables.ppo.config import PPOConfig, PPOTrainingConfig
from trainables.reward_model.config import (
    RewardEvaluationConfig,
    RewardModelConfig,
    RewardTrainingConfig,
)
from trainables.rewards.config import REWARD_MODEL, RewardConfig
from trainables.section import Section, refused
from trainables.sft.config import SFTConfig, SFTTrainingConfig
from trainables.training.config import SingleTrial


class Stage(Section):
    """What a trial of its kind has, but for the sections that all stages share; with a name."""

    of: ClassVar[type[SingleTrial]]  # the kind's own configuration
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")

    def trial(self, whole: "StagedConfig") -> SingleTrial:
        """This stage of `whole` as a trial of its own. Raises ValidationError."""
        own = {n: getattr(self, n) for n in type(self).model_fields if n in self.of.model_fields}
        shared = {"model": whole.model, "lora": whole.lora, "evaluation": self.measured(whole)}
        return self.of.model_validate({**shared, **own})

    def measured(self, whole: "StagedConfig") -> EvaluationConfig:
        """What of the shared section `evaluation` its kind takes."""
        return whole.evaluation


class SFTStage(Stage):
    """Goes on training the adapter on answers."""

    of: ClassVar[type[SingleTrial]] = SFTConfig
    kind: Literal["sft"] = "sft"
    data: DataConfig
    training: SFTTrainingConfig = SFTTrainingConfig()


class RewardStage(Stage):
    """Trains a reward model for the stages after it; the policy stays as it is."""

    of: ClassVar[type[SingleTrial]] = RewardModelConfig
    kind: Literal["reward"] = "reward"
    data: PairsConfig
    training: RewardTrainingConfig = RewardTrainingConfig()
    start: Literal["policy", "fresh"] = "policy"  # from the policy's adapter, or a new one

    def measured(self, whole: "StagedConfig") -> EvaluationConfig:
        """As Stage: a reward model writes no answers."""
        return RewardEvaluationConfig.of(whole.evaluation)


class PPOStage(Stage):
    """Goes on training the adapter on rewards, held to where the stage began."""

    of: ClassVar[type[SingleTrial]] = PPOConfig
    kind: Literal["ppo"] = "ppo"
    data: DataConfig
    reward: RewardConfig = RewardConfig()
    training: PPOTrainingConfig = PPOTrainingConfig()


class GRPOStage(Stage):
    """Goes on training the adapter on rewards, each answer against others to its prompt."""

    of: ClassVar[type[SingleTrial]] = GRPOConfig
    kind: Literal["grpo"] = "grpo"
    data: DataConfig
    reward: RewardConfig = RewardConfig()
    training: GRPOTrainingConfig = GRPOTrainingConfig()


class DPOStage(Stage):
    """Goes on training the adapter on pairs of answers, held to where the stage began."""

    of: ClassVar[type[SingleTrial]] = DPOConfig
    kind: Literal["dpo"] = "dpo"
    data: PairsConfig
    training: DPOTrainingConfig = DPOTrainingConfig()


def _with_kind(content: Any) -> Any:
    return {"kind": "sft", **content} if isinstance(content, Mapping) else content


# a kind of stage is a class above and a member here; the first is what a stage without `kind` is
OneStage = SFTStage | RewardStage | PPOStage | GRPOStage | DPOStage
AnyStage = Annotated[OneStage, Field(discriminator="kind"), BeforeValidator(_with_kind)]


class StagedConfig(Section):
    """One staged trial, complete. Model, adapter and evaluation are those of all stages."""

    kind: Literal["staged"] = "staged"
    model: ModelConfig
    lora: RequiredLora = LoraConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    stages: tuple[AnyStage, ...]

    @model_validator(mode="after")
    def _stages_fit(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(names) < 2:
            what = f"names {len(names)} of two or more stages"
            raise refused("stages", names, what, "A trial of one stage is one of kind sft")
        if twice := [name for i, name in enumerate(names) if name in names[:i]]:
            raise ValueError(f"two stages are called {twice[0]}: give each a name of its own")
        self._check_prompts()
        self._check_rewards()
        self._check_trials()
        return self

    def _check_prompts(self) -> None:
        """Benchmarks after each stage are compared, so they must be asked in the same way."""
        first = self.stages[0].data.system_prompt
        for place, stage in enumerate(self.stages):
            if stage.data.system_prompt != first:
                field, what = f"stages.{place}.data.system_prompt", "is not that of the first stage"
                fix = "Write the same in all stages: benchmarks are asked with it"
                raise refused(field, stage.data.system_prompt, what, fix)

    def _check_rewards(self) -> None:
        """The reward model that a stage asks is the one that a stage before it trains."""
        kinds = [stage.kind for stage in self.stages]
        for place, stage in enumerate(self.stages):
            reward: RewardConfig | None = getattr(stage, "reward", None)
            if reward is None:
                continue
            if reward.model is not None:
                field, what = f"stages.{place}.reward.model", "is for trials without stages"
                fix = "Remove it, and put a stage of kind reward before this one"
                raise refused(field, reward.model.adapter_name_or_path, what, fix)
            if reward.weights.get(REWARD_MODEL) and "reward" not in kinds[:place]:
                field, what = (
                    f"stages.{place}.reward.weights",
                    "asks a reward model; none is there",
                )
                fix = "Put a stage of kind reward before this one, or remove reward_model"
                raise refused(field, dict(reward.weights), what, fix)

    def _check_trials(self) -> None:
        """What a stage's kind refuses, at its stage or at the section that all share."""
        for place, stage in enumerate(self.stages):
            try:
                stage.trial(self)
            except ValidationError as error:
                first = error.errors()[0]
                found = first["ctx"]["problems"][0]
                field = ".".join(map(str, (*first["loc"], found["field"])))
                shared = field.partition(".")[0] not in type(stage).model_fields
                field = field if shared else f"stages.{place}.{field}"
                what = f"{found['message']} (stage {stage.name})" if shared else found["message"]
                raise refused(field, found["value"], what, found["fix"]) from None

    @property
    def stage_trials(self) -> tuple[SingleTrial, ...]:
        """Each stage as a trial of its own."""
        return tuple(stage.trial(self) for stage in self.stages)
