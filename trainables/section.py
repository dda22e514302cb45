"""The base of every section of a trial's configuration."""

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A frozen part of a spec: unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def refused(field: str, value: object, message: str, fix: str) -> PydanticCustomError:
    """An error of several fields together, told at `field` (a dotted path below the section)."""
    problem = {"field": field, "value": value, "message": message, "fix": fix}
    text = f"{field}: {message} ({fix})"
    return PydanticCustomError("problems", "{text}", {"text": text, "problems": [problem]})
