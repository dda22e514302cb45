"""The `evaluation` section."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trainables.evaluation.benchmarks.config import BenchmarkEntry
from trainables.evaluation.bertscore import DEFAULT_ENCODER
from trainables.section import Section

MetricFamily = Literal["perplexity", "rouge", "bleu", "bertscore"]


def _unset(value: object) -> bool:
    return value is None


class EvaluationConfig(Section):
    """What is measured on the validation split, and how often.

    `max_length`, `temperature`, `top_p` and `response_length` hold the measure fixed where trials
    train differently; null: as the trial trains. Unset, they are left out of what is written and
    hashed.
    """

    metrics: tuple[MetricFamily, ...] = ("perplexity", "rouge", "bleu")
    every_epochs: float = Field(0.25, gt=0)  # validation loss, besides the rungs 1/8, 1/4, 1/2, 1
    limit: int | None = Field(100, ge=1)  # validation rows answered for rouge and bleu; null: all
    loss_limit: int | None = Field(None, ge=1)  # validation rows for the loss; null: all
    # answered at the end by the trial and by the base model, for people to read; not scored
    examples: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    max_new_tokens: int = Field(128, ge=1)
    max_batch_tokens: int = Field(4096, ge=1)  # real and padded tokens of one evaluation batch
    bertscore_model: str = DEFAULT_ENCODER  # hub name, folder or pinned wheel of an encoder
    benchmarks: tuple[BenchmarkEntry, ...] = ()  # of the base model, and at each trial's end
    # tokens at which validation rows are cut; null: training.max_length
    max_length: int | None = Field(None, ge=8, exclude_if=_unset)
    # of the sampled answers that rewards are measured on; null: training.temperature
    temperature: float | None = Field(None, gt=0, exclude_if=_unset)
    # of their likeliest tokens this share; null: training.top_p, which grpo has
    top_p: float | None = Field(None, gt=0, le=1, exclude_if=_unset)
    # their tokens at most; null: training.response_length, of grpo max_completion_length
    response_length: int | None = Field(None, ge=1, exclude_if=_unset)

    @model_validator(mode="after")
    def _benchmarks_differ(self) -> Self:
        names = [benchmark.name for benchmark in self.benchmarks]
        if twice := [name for i, name in enumerate(names) if name in names[:i]]:
            raise ValueError(f"benchmarks has {twice[0]} twice: name each once, with its measures")
        return self
