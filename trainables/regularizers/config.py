"""The `training.regularizer` section: a penalty on leaving the base model's weights."""

from typing import Literal, Self

from pydantic import Field, model_validator

from trainables.data.config import DataConfig
from trainables.section import Section

RegularizerName = Literal["l2_start", "ewc"]


class RegularizerConfig(Section):
    """`weight` times the penalty is added to the training loss (nats a token).

    `data` are the rows on which EWC measures how much each weight matters: text of what must not be
    forgotten. Their training split is used.
    """

    kind: RegularizerName
    weight: float = Field(gt=0)
    data: DataConfig | None = None  # ewc

    @model_validator(mode="after")
    def _data_is_ewcs(self) -> Self:
        if self.kind == "ewc" and self.data is None:
            raise ValueError(
                "ewc measures on rows which weights matter: add data, e.g. "
                "data: {source: general.jsonl, limit: 200}"
            )
        if self.kind != "ewc" and self.data is not None:
            raise ValueError(f"{self.kind} reads no rows: remove data")
        return self
