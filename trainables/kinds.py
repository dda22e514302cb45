"""The registry of trial kinds: add a kind by adding its folder and a member of `TrialConfig`."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field

from trainables.dpo.config import DPOConfig
from trainables.errors import InputError
from trainables.grpo.config import GRPOConfig
from trainables.ppo.config import PPOConfig
from trainables.reward_model.config import RewardModelConfig
from trainables.sft.config import SFTConfig
from trainables.staged.config import StagedConfig
from trainables.training.config import SingleTrial

TrialConfig = SFTConfig | RewardModelConfig | PPOConfig | GRPOConfig | DPOConfig | StagedConfig
KINDS: dict[str, type[TrialConfig]] = {
    config.model_fields["kind"].default: config for config in get_args(TrialConfig)
}
# `train` is named, not imported: reading a spec must not load torch
TRAIN: dict[str, str] = {
    **{k: f"{c.__module__.removesuffix('.config')}.train:train" for k, c in KINDS.items()},
    # the untouched base, once a sweep
    "base_model": "trainables.training.base_model:evaluate_base",
}
# kinds whose base model is measured in a way of its own, and by what
UNTOUCHED: dict[str, str] = {
    "reward": "trainables.reward_model.untouched:measure_pairs",
    "ppo": "trainables.ppo.untouched:measure",
    "dpo": "trainables.dpo.untouched:measure",
    "grpo": "trainables.grpo.untouched:measure",
}
# of those, the training settings that this measurement depends on
MEASURED_BY: dict[str, tuple[str, ...]] = {
    "ppo": ("response_length", "temperature"),
    "grpo": ("max_completion_length", "temperature", "top_p"),
    "dpo": ("loss_type", "label_smoothing"),
}
# of those, the settings that a field of `evaluation` stands in for where it is set
MEASURED_INSTEAD: dict[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "response_length": "response_length",
    "max_completion_length": "response_length",
}
# kinds that `trainables.packing` can train together, and where their PROGRAM is
PACKED: dict[str, str] = {
    "sft": "trainables.sft.packed",
    "reward": "trainables.reward_model.packed",
    "ppo": "trainables.ppo.packed",
}
# the trainings of a trial in stages, one after the other
STAGES = "trainables.staged.train:stages"
# kinds that learn from pairs: rows 2i and 2i + 1 are one example
PAIRED = frozenset({"reward", "dpo"})
DEFAULT = "sft"  # of a trial that names no kind


def measured_by(trial: SingleTrial) -> dict[str, Any]:
    """The settings of `MEASURED_BY` as the trial is measured: `evaluation`'s, else its own."""
    found: dict[str, Any] = {}
    for name in MEASURED_BY.get(trial.kind, ()):
        fixed = getattr(trial.evaluation, MEASURED_INSTEAD.get(name, ""), None)
        found[name] = getattr(trial.training, name) if fixed is None else fixed
    return found


def kind_of(content: Mapping[str, Any]) -> str:
    """The kind that a trial's content names, known or not."""
    return str(content.get("kind", DEFAULT))


def trial_config(content: Mapping[str, Any]) -> TrialConfig:
    """A trial's configuration, read back. Raises pydantic's ValidationError, and InputError for a
    kind that does not exist."""
    kind = kind_of(content)
    if kind not in KINDS:
        raise InputError("kind", kind, "is no kind of trial", f"Kinds: {', '.join(KINDS)}")
    return KINDS[kind].model_validate(content)


def _with_kind(content: Any) -> Any:
    return {"kind": DEFAULT, **content} if isinstance(content, Mapping) else content


# a trial of any kind as a field of a model
AnyTrial = Annotated[TrialConfig, Field(discriminator="kind"), BeforeValidator(_with_kind)]
