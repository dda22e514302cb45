"""How a benchmark is asked: an entry of `evaluation.benchmarks`."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.evaluation.bertscore import DEFAULT_ENCODER
from trainables.section import Section


class BenchmarkConfig(Section):
    """A benchmark by name, and what differs from its defaults."""

    name: str  # a benchmark of docs/evaluation.md
    source: str | None = None  # a local file or folder, or a hub name; null: where it is published
    split: str | None = None  # null: the one that results are published on
    limit: int | None = Field(None, ge=1)  # questions, drawn with `seed`; null: all
    measures: tuple[str, ...] | None = Field(None, min_length=1)  # null: the benchmark's usual ones
    instruction: str | None = None  # the prompt format; null: the one that fits
    letters: bool = False  # score the options' letters alone, not letter and text
    few_shot: int = Field(0, ge=0)  # examples before each question, from the training split
    samples: int = Field(1, ge=1)  # generated answers a question; above 1: self-consistency
    temperature: float = Field(0.7, gt=0)  # of samples; one answer is greedy
    max_new_tokens: int = Field(64, ge=1)
    bertscore_model: str = DEFAULT_ENCODER  # hub name, folder or pinned wheel of an encoder
    seed: int = Field(42, ge=0)

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in BENCHMARKS:
            raise ValueError(f"no such benchmark; write one of {', '.join(BENCHMARKS)}")
        return name

    @model_validator(mode="after")
    def _can_be_measured(self) -> Self:
        offered = BENCHMARKS[self.name].measures
        if unknown := [m for m in self.measures or () if m not in offered]:
            raise ValueError(
                f"{self.name} has no measure {unknown[0]!r}; write some of {', '.join(offered)}"
            )
        return self

    @property
    def measured(self) -> tuple[str, ...]:
        """The names of its measures."""
        return self.measures or BENCHMARKS[self.name].default

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names under which a trial reports them."""
        return tuple(f"{self.name}_{measure}" for measure in self.measured)


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


BenchmarkEntry = Annotated[
    BenchmarkConfig, BeforeValidator(_named, json_schema_input_type=str | BenchmarkConfig)
]
