"""The trial of kind `staged`: trainings one after the other, on one adapter carried through all."""

from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from trainables.data.config import DataConfig
from trainables.evaluation.config import EvaluationConfig
from trainables.models.config import LoraConfig, ModelConfig
from trainables.section import Section, refused
from trainables.sft.config import SFTConfig, TrainingConfig


class Stage(Section):
    """One stage: an SFT trial that starts from the adapter of the stage before.

    A second kind of stage makes `StagedConfig.stages` a union keyed on `kind`, and takes a line in
    `trainables.staged.train.TRAIN`.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    kind: Literal["sft"] = "sft"
    data: DataConfig
    training: TrainingConfig = TrainingConfig()


class StagedConfig(Section):
    """One staged trial, complete. Model, adapter and evaluation are those of all stages."""

    kind: Literal["staged"] = "staged"
    model: ModelConfig
    lora: LoraConfig = LoraConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    stages: tuple[Stage, ...]

    @field_validator("lora", mode="before")
    @classmethod
    def _has_an_adapter(cls, lora: Any) -> Any:
        if lora is None:
            raise ValueError("cannot be null: stages carry an adapter on, not all weights")
        return lora

    @model_validator(mode="after")
    def _stages_fit(self) -> Self:
        names = [stage.name for stage in self.stages]
        if len(names) < 2:
            what = f"names {len(names)} of two or more stages"
            raise refused("stages", names, what, "A trial of one stage is one of kind sft")
        if twice := [name for i, name in enumerate(names) if name in names[:i]]:
            raise ValueError(f"two stages are called {twice[0]}: give each a name of its own")
        self._check_prompts()
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

    def _check_trials(self) -> None:
        """What an SFT trial refuses, at its stage."""
        for place in range(len(self.stages)):
            try:
                self._trial(place)
            except ValidationError as error:
                found = error.errors()[0]["ctx"]["problems"][0]
                field = f"stages.{place}.{found['field']}"
                raise refused(field, found["value"], found["message"], found["fix"]) from None

    def _trial(self, place: int) -> SFTConfig:
        stage = self.stages[place]
        return SFTConfig(
            model=self.model,
            data=stage.data,
            lora=self.lora,
            training=stage.training,
            evaluation=self.evaluation,
        )

    @property
    def stage_trials(self) -> tuple[SFTConfig, ...]:
        """Each stage as a trial of its own."""
        return tuple(map(self._trial, range(len(self.stages))))
