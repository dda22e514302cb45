"""Vary any path that may be searched: what two trials are measured on is one and the same, or
`sweeps/reading/comparable.py` says for which metrics it is not."""

from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.schema import field_within, paths_within, set_path
from sweeps.reading.comparable import differences, group_of
from tests.conformance.test_kinds import LEAST
from trainables.data.prepare import prepare
from trainables.evaluation.metric_names import METRICS
from trainables.kinds import KINDS, MEASURED_BY, trial_config
from trainables.models.config import ModelConfig
from trainables.models.resolve import resolve
from trainables.models.tokenizer import load_tokenizer, tokenizer_key

SINGLE = [kind for kind in KINDS if kind != "staged"]
# another value than the default, where none follows from the type
OTHER: dict[str, Any] = {
    "model.quantization": "int8",
    "model.dtype": "float32",
    "model.attn_implementation": "eager",
    "lora.target_modules": "all-linear",
    "lora.adapter_name_or_path": "an/adapter",
    "lora.modules_to_save": ["lm_head"],
    "data.hub_split": "test",
    "data.split": [0.6, 0.3, 0.1],
    "data.system_prompt": "Be brief.",
    "data.limit": 60,
    "data.folds": 3,
    "training.lr_scheduler_type": "linear",
    "training.optim": "adafactor",
    "training.regularizer": {"kind": "l2_start", "weight": 0.1},
    "training.epsilon_high": 0.3,
    "evaluation.examples": ["What is it?"],
    "evaluation.metrics": ["perplexity"],
    "evaluation.loss_limit": 3,
}

# fields of `evaluation` on which no value of the kind depends: of rounding alone, or of answers
NO_MEASURE = {
    "sft": ("max_batch_tokens",),
    "dpo": ("max_batch_tokens",),
    "reward": ("max_batch_tokens", "limit", "max_new_tokens"),
}


def variants(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Every path of a kind that has another legal value, and the trial with that value."""
    found = []
    for path in dict.fromkeys(paths_within(KINDS[kind], LEAST[kind])):
        if path == "kind":
            continue
        trial = trial_config({"kind": kind, **LEAST[kind]}).model_dump(mode="json")
        set_path(trial, path, OTHER.get(path, other_value(kind, path)))
        try:
            trial_config(trial)
        except ValidationError:
            continue
        found.append((path, trial))
    return found


def other_value(kind: str, path: str) -> Any:
    field = field_within(KINDS[kind], path, LEAST[kind])
    value = field.get_default(call_default_factory=True) if field else None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 2
    return value / 2 + 0.25 if isinstance(value, float) else 7


@cache
def tokenizer() -> tuple[Any, str]:
    folder = resolve(ModelConfig(name_or_path="toy:llama"))
    return load_tokenizer(folder), tokenizer_key(folder)


def rows_measured(trial: dict[str, Any]) -> tuple[list[str], list[int]]:
    """Ids and tokens of the validation rows."""
    config, (loaded, key) = trial_config(trial).stage_trials[-1], tokenizer()
    rows = prepare(config.data, lambda: loaded, key, config.training.max_length).validation
    return list(rows.ids), [int(token) for token in rows.tokens]


def settings(trial: dict[str, Any]) -> list[Any]:
    """What else a value depends on: how it is measured, sampled, prompted, and who pays."""
    training = [trial["training"][name] for name in MEASURED_BY.get(trial["kind"], ())]
    idle = {"examples", *NO_MEASURE.get(trial["kind"], ())}
    own = {name: value for name, value in trial["evaluation"].items() if name not in idle}
    return [training, own, trial["data"]["system_prompt"], trial.get("reward")]


def said_alike(path: str, kind: str) -> bool:
    """Whether no metric of the kind, but that of training itself, is said to differ."""
    metrics = [
        name
        for name, about in METRICS.items()
        if (not about.kinds or kind in about.kinds) and group_of(name) != "train"
    ]
    found = differences(path)
    assert found is not None, path
    return not any(d.concerns(metric, kind) for d in found for metric in metrics)


@pytest.mark.parametrize("kind", SINGLE)
def test_trials_said_to_be_alike_are_measured_on_the_same(kind: str) -> None:
    plain = trial_config({"kind": kind, **LEAST[kind]}).model_dump(mode="json")
    rows, tried = rows_measured(plain), []
    for path, trial in variants(kind):
        if said_alike(path, kind):
            tried.append(path)
            assert settings(trial) == settings(plain), path
            if path.startswith("data.") or path == "training.max_length":
                assert rows_measured(trial) == rows, path
    assert {"lora.r", "training.learning_rate", "data.private"} <= set(tried)
    assert len(tried) > 20


@pytest.mark.parametrize("kind", SINGLE)
def test_what_changes_the_rows_is_said_to_differ(kind: str) -> None:
    """The same, seen from the rows: no path that changes them is said to be alike."""
    plain = trial_config({"kind": kind, **LEAST[kind]})
    config, (loaded, key) = plain.stage_trials[-1], tokenizer()
    prepared = prepare(config.data, lambda: loaded, key, config.training.max_length).validation
    longest, rows = int(prepared.lengths().max()), rows_measured(plain.model_dump(mode="json"))
    changing = ["data.limit", "data.seed", "data.split", "data.system_prompt"]
    for path, trial in variants(kind):
        if path == "training.max_length":
            trial["training"]["max_length"] = longest - 1
        if path in (*changing, "training.max_length"):
            assert rows_measured(trial) != rows, path
            assert not said_alike(path, kind), path
