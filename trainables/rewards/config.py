"""The `reward` section."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, field_validator, model_validator

from trainables.section import Section

RewardName = Literal["terminology", "reasoning", "factuality", "safety", "brevity", "judge"]
BUILT_IN: tuple[str, ...] = RewardName.__args__  # type: ignore[attr-defined]
Weight = Annotated[float, Field(ge=0)]


class JudgeConfig(Section):
    """A model behind an OpenAI-compatible endpoint that scores answers (AI feedback)."""

    base_url: HttpUrl  # as OpenAI's clients take it: https://HOST/v1
    model: str = Field(min_length=1)
    api_key_env: str = (
        "OPENAI_API_KEY"  # the environment variable that holds the key, never the key
    )
    batch_size: int = Field(8, ge=1, le=256)  # requests in flight at once
    timeout_seconds: float = Field(60, gt=0)
    retries: int = Field(4, ge=0)  # after 429, 5xx, a timeout or a lost connection
    max_cost_usd: float | None = Field(None, ge=0)  # of one trial; needs the prices
    usd_per_million_input_tokens: float = Field(0.0, ge=0)
    usd_per_million_output_tokens: float = Field(0.0, ge=0)
    max_answer_chars: int = Field(8000, ge=100)  # longer answers are cut before they are judged

    @model_validator(mode="after")
    def _cap_has_prices(self) -> "JudgeConfig":
        if self.max_cost_usd is not None and not (
            self.usd_per_million_input_tokens or self.usd_per_million_output_tokens
        ):
            raise ValueError("max_cost_usd needs usd_per_million_input_tokens or …_output_tokens")
        return self


class RewardConfig(Section):
    """Which rewards make the total, and how much each weighs.

    The total is Σ weight × reward / Σ weight, so it stays in 0..1 whatever the weights' scale.
    """

    weights: Mapping[str, Weight] = Field(
        default_factory=lambda: dict.fromkeys(
            ("terminology", "reasoning", "factuality", "safety"), 0.25
        )
    )
    functions: Mapping[str, str] = {}  # your own: name → package.module:function
    judge: JudgeConfig | None = None

    @field_validator("functions")
    @classmethod
    def _own(cls, functions: Mapping[str, str]) -> Mapping[str, str]:
        for name, place in functions.items():
            if name in BUILT_IN or not name.isidentifier():
                raise ValueError(f"{name!r} cannot name a function: choose another identifier")
            module, _, function = place.partition(":")
            if not (function.isidentifier() and all(p.isidentifier() for p in module.split("."))):
                raise ValueError(f"{place!r} must be package.module:function")
        return functions

    @model_validator(mode="after")
    def _known(self) -> "RewardConfig":
        known = [*BUILT_IN, *self.functions]
        if unknown := [name for name in self.weights if name not in known]:
            raise ValueError(
                f"weights: no reward is called {unknown[0]!r}; known: {', '.join(known)}"
            )
        if not sum(self.weights.values()):
            raise ValueError("weights: at least one must be above 0")
        if self.weights.get("judge") and self.judge is None:
            raise ValueError("weights: judge needs the section reward.judge")
        return self
