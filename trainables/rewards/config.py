"""The `reward` section."""

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, HttpUrl, TypeAdapter, ValidationError, model_validator

from trainables.section import Section

RewardName = Literal[
    "terminology", "reasoning", "factuality", "safety", "brevity", "judge", "reward_model"
]
REWARD_MODEL = "reward_model"  # the learned reward: no function of texts, see trainables.reward
BUILT_IN: tuple[str, ...] = get_args(RewardName)
OWN = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def short_name(key: str) -> str:
    """A reward's name, and of one's own function its name without the module."""
    return key.rpartition(":")[2]


def _known(key: str) -> str:
    if key not in BUILT_IN and not OWN.fullmatch(key):
        near = difflib.get_close_matches(key, BUILT_IN, n=1)
        known = f"did you mean {near[0]}?" if near else f"known: {', '.join(BUILT_IN)}"
        raise ValueError(f"no reward is called {key!r}; {known} (or package.module:function)")
    return key


def _url(text: str) -> str:
    try:
        TypeAdapter(HttpUrl).validate_python(text)
    except ValidationError as error:
        raise ValueError("must be an address, e.g. https://HOST/v1") from error
    return text  # as written: a URL object would add a slash


Url = Annotated[str, AfterValidator(_url)]
RewardKey = Annotated[str, AfterValidator(_known)]
StepMetric = Annotated[
    str, Field(pattern=r"^(reward|unweighted|reward_\w+|val_loss|kl|answer_tokens|truncated)$")
]
Weight = Annotated[float, Field(ge=0)]


class JudgeConfig(Section):
    """A model behind an OpenAI-compatible endpoint that scores answers (AI feedback)."""

    base_url: Url  # as OpenAI's clients take it: https://HOST/v1
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


class LearnedRewardConfig(Section):
    """A reward model: a PEFT adapter of task type SEQ_CLS on the trial's own base model, e.g. of a
    trial of kind `reward`."""

    adapter_name_or_path: str = Field(min_length=1)  # a folder or a hub name


class RewardConfig(Section):
    """Which rewards make the total, and how much each weighs.

    The total is Σ weight × reward / Σ weight, so it stays in 0..1 whatever the weights' scale. A
    key is a reward's name, or your own function as package.module:function.
    """

    weights: Mapping[RewardKey, Weight] = Field(
        default_factory=lambda: dict.fromkeys(
            ("terminology", "reasoning", "factuality", "safety"), 0.25
        )
    )
    judge: JudgeConfig | None = None
    model: LearnedRewardConfig | None = None  # null in a staged trial: that of the stage before
    # by which the step that counts is chosen; left out of what is hashed while it is the default
    step_metric: StepMetric = Field("reward", exclude_if=lambda name: name == "reward")

    def without_model(self) -> "RewardConfig | None":
        """The rewards that count and need no reward model; None where none is left."""
        weights = {n: w for n, w in self.weights.items() if w and n != REWARD_MODEL}
        return self.model_copy(update={"weights": weights}) if weights else None

    @model_validator(mode="after")
    def _usable(self) -> "RewardConfig":
        if not sum(self.weights.values()):
            raise ValueError("weights: at least one must be above 0")
        if self.weights.get("judge") and self.judge is None:
            raise ValueError("weights: judge needs the section reward.judge")
        names = [short_name(key) for key in self.weights]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"weights: two rewards would both be called {twice[0]!r}")
        return self
