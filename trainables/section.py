"""The base of every section of a trial's configuration."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A frozen part of a spec: unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
