"""One entry of `search.parameters`: W&B's syntax, with `when` and `simplex` added.

Reference for the syntax: https://docs.wandb.ai/guides/sweeps/sweep-config-keys
"""

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from search_spaces.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntUniform,
    LogUniform,
    Simplex,
    Uniform,
)
from search_spaces.syntax import Bound, refusal, syntax_problems
from search_spaces.values import Number

DistributionName = Literal[
    "constant",
    "categorical",
    "int_uniform",
    "uniform",
    "q_uniform",
    "log_uniform_values",
    "q_log_uniform_values",
]


class Parameter(BaseModel):
    """What one field of the trial may be. Exactly one of `value`, `values`, `min`/`max`, `simplex`.

    With `times: path` they are factors: the field is that multiple of the other parameter.
    `when` makes it conditional: `{path: value}` or `{path: [values]}`, on other parameters, all of
    which must hold. A list there is always a list of values: where the other parameter's values are
    lists themselves, write `[[q_proj, v_proj]]`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: JsonValue = None
    values: tuple[JsonValue, ...] | None = None
    distribution: DistributionName | None = None
    min: Bound | None = None
    max: Bound | None = None
    q: Bound | None = None  # the step of the q_* distributions; W&B's default is 1
    simplex: tuple[str, ...] | None = None
    when: dict[str, JsonValue] | None = None
    times: str | None = None  # another parameter, of which this one is a multiple

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, given: Any) -> Any:
        """Say what is not supported before unknown keys (`mu`, `probabilities`) hide it."""
        _raise(refusal(given))
        return given

    @model_validator(mode="after")
    def _check(self) -> "Parameter":
        _raise(syntax_problems(self.given()))
        return self

    @model_serializer(mode="wrap")
    def _only_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # written as it was given: defaults beside it (`values: null`) would not be W&B's syntax
        return {k: v for k, v in handler(self).items() if k in self.model_fields_set}

    def given(self) -> dict[str, Any]:
        """The attributes that were written, with their values."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}

    def conditions(self) -> dict[str, tuple[Any, ...]]:
        """`when` with every right side as a tuple of values; empty if it is unconditional."""
        pairs = (self.when or {}).items()
        return {path: tuple(v) if isinstance(v, list) else (v,) for path, v in pairs}

    def to_distribution(self) -> Distribution:
        """The typed distribution."""
        if self.simplex is not None:
            return Simplex(self.simplex)
        if self.values is not None:
            return Categorical(self.values)
        if self.min is None or self.max is None:
            return Constant(self.value)
        return _range(self.kind(), self.min, self.max, self.q)

    def kind(self) -> str:
        """W&B's name of the distribution, inferred as W&B does where it is not written."""
        if self.distribution is not None:
            return self.distribution
        if self.min is None:
            return "constant" if self.values is None else "categorical"
        whole = isinstance(self.min, int) and isinstance(self.max, int)
        return "int_uniform" if whole else "uniform"


def _range(kind: str, low: Number, high: Number, q: Number | None) -> Distribution:
    step = (1 if q is None else q) if kind.startswith("q_") else None
    if kind == "int_uniform":
        return IntUniform(int(low), int(high))
    if kind.endswith("log_uniform_values"):
        return LogUniform(float(low), float(high), step)
    if isinstance(step, int) and isinstance(low, int) and isinstance(high, int):
        return IntUniform(low, high, step)
    return Uniform(float(low), float(high), step)


def _raise(problems: list[dict[str, Any]]) -> None:
    """One pydantic error with all problems; `sweeps.reading.validation` takes them apart."""
    if problems:
        text = "; ".join(str(problem["message"]) for problem in problems)
        raise PydanticCustomError("parameter", "{text}", {"text": text, "problems": problems})
