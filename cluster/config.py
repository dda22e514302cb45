"""The `cluster` section: where trials run and what each is given."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ClusterConfig(BaseModel):
    """`auto` is resolved at launch from what the target has (see `cluster.placement`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    target: Literal["local", "ray"] = "local"
    address: str | None = None  # target ray: HOST:PORT of the cluster's head, or "auto"
    cpus_per_trial: float | Literal["auto"] = Field("auto")
    gpus_per_trial: float | Literal["auto"] = Field("auto")
    trials_per_gpu: int | Literal["auto"] = Field("auto")
    max_concurrent_trials: int | None = Field(None, ge=1)
