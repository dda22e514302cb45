"""The base of every section of a trial's configuration."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A frozen part of a spec: unknown keys, NaN and infinity are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def refused(field: str, value: object, message: str, fix: str) -> PydanticCustomError:
    """An error of several fields together, told at `field` (a dotted path below the section)."""
    problem = {"field": field, "value": value, "message": message, "fix": fix}
    text = f"{field}: {message} ({fix})"
    return PydanticCustomError("problems", "{text}", {"text": text, "problems": [problem]})


def later(default: Any = None) -> Any:
    """A field that came after the first run folders: it is not written while it has its default, so
    that what is hashed of older sections stays what it was."""
    return Field(default, exclude_if=lambda value: value == default)
