"""The `evaluation` section."""

from typing import Annotated, Literal

from pydantic import Field

from trainables.section import Section

MetricFamily = Literal["perplexity", "rouge", "bleu"]


class EvaluationConfig(Section):
    """What is measured on the validation split, and how often."""

    metrics: tuple[MetricFamily, ...] = ("perplexity", "rouge", "bleu")
    every_epochs: float = Field(0.25, gt=0)  # validation loss, besides the rungs 1/8, 1/4, 1/2, 1
    limit: int | None = Field(100, ge=1)  # validation rows answered for rouge and bleu; null: all
    loss_limit: int | None = Field(None, ge=1)  # validation rows for the loss; null: all
    # answered at the end by the trial and by the base model, for people to read; not scored
    examples: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    max_new_tokens: int = Field(128, ge=1)
    max_batch_tokens: int = Field(4096, ge=1)  # real and padded tokens of one evaluation batch
