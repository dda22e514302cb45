"""Vary any path that may be searched: what two trials are measured on is one and the same, or
`sweeps/reading/comparable.py` says for which metrics it is not; and a spec that searches it holds
the measure fixed, or is refused."""

from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.schema import field_within, get_path, paths_within, set_path
from sweeps.readiness.measured_rows import measured_key
from sweeps.readiness.preparation import Preparation, base_key
from sweeps.reading.comparable import differences
from sweeps.reading.document import Document
from sweeps.reading.metric_groups import group_of
from sweeps.reading.validation import validate
from sweeps.spec.sections import SweepSpec
from tests.conformance.test_kinds import LEAST
from trainables.data.prepare import prepare
from trainables.evaluation.metric_names import METRICS
from trainables.kinds import KINDS, measured_by, trial_config
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
    "evaluation.max_length": 40,
    "evaluation.temperature": 0.5,
    "evaluation.top_p": 0.5,
    "evaluation.response_length": 5,
}

# fields of `evaluation` on which no value of the kind depends: of rounding alone, or of answers
SAMPLING = ("temperature", "top_p", "response_length")
NO_MEASURE = {
    "sft": ("max_batch_tokens", *SAMPLING),
    "dpo": ("max_batch_tokens", *SAMPLING),
    "reward": ("max_batch_tokens", "limit", "max_new_tokens", *SAMPLING),
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


def accepted(kind: str, metric: str, path: str, values: list[Any]) -> SweepSpec | None:
    """The spec that searches these values for the best of a metric, where it is not refused."""
    search = {
        "parameters": {path: {"values": values}},
        "objective": {"metric": metric, "mode": METRICS[metric].mode},
        "num_trials": 2,
    }
    content = {"name": "x", "trial": {"kind": kind, **LEAST[kind]}, "search": search}
    found = validate(Document(None, "", content, {}))
    return None if found.wrong else found.spec


def rows_measured(trial: dict[str, Any]) -> tuple[list[str], list[int]]:
    """Ids and tokens of the validation rows."""
    config, (loaded, key) = trial_config(trial).stage_trials[-1], tokenizer()
    length, measured = config.training.max_length, config.evaluation.max_length
    rows = prepare(config.data, lambda: loaded, key, length, None, measured).validation
    return list(rows.ids), [int(token) for token in rows.tokens]


def settings(trial: dict[str, Any]) -> list[Any]:
    """What else a value depends on: how it is measured, sampled, prompted, and who pays."""
    training = measured_by(trial_config(trial).stage_trials[-1])
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


def longest_row(kind: str) -> int:
    """Tokens of the longest validation row."""
    config, (loaded, key) = (
        trial_config({"kind": kind, **LEAST[kind]}).stage_trials[-1],
        tokenizer(),
    )
    prepared = prepare(config.data, lambda: loaded, key, config.training.max_length).validation
    return int(prepared.lengths().max())


@pytest.mark.parametrize("kind", SINGLE)
def test_what_changes_the_rows_is_said_to_differ(kind: str) -> None:
    """The same, seen from the rows: no path that changes them is said to be alike."""
    plain = trial_config({"kind": kind, **LEAST[kind]})
    longest, rows = longest_row(kind), rows_measured(plain.model_dump(mode="json"))
    changing = ["data.limit", "data.seed", "data.split", "data.system_prompt"]
    for path, trial in variants(kind):
        if path == "training.max_length":
            trial["training"]["max_length"] = longest - 1
        if path in (*changing, "training.max_length"):
            assert rows_measured(trial) != rows, path
            assert not said_alike(path, kind), path


COMPARED = {
    "sft": ("val_loss", "rougeL"),
    "reward": ("val_loss", "pairwise_accuracy"),
    "ppo": ("val_loss", "reward"),
    "grpo": ("val_loss", "reward"),
    "dpo": ("val_loss", "pairwise_accuracy"),
}
# searched paths that are measured alike because the spec holds the measure fixed
HELD = {
    ("training.max_length", "val_loss"): "evaluation.max_length",
    ("data.limit", "val_loss"): "data.split_limit",
    ("training.temperature", "reward"): "evaluation.temperature",
    ("training.top_p", "reward"): "evaluation.top_p",
    ("training.response_length", "reward"): "evaluation.response_length",
    ("training.max_completion_length", "reward"): "evaluation.response_length",
}


@pytest.mark.parametrize("kind", SINGLE)
def test_a_search_is_refused_or_all_its_trials_are_measured_on_the_same(kind: str) -> None:
    """Whatever path is searched, for every kind of measure: rows, tokens, sampling, prompt."""
    plain = trial_config({"kind": kind, **LEAST[kind]}).model_dump(mode="json")
    searched = []
    for path, trial in variants(kind):
        values = [get_path(plain, path), get_path(trial, path)]
        if path == "training.max_length":
            values[1] = longest_row(kind) - 1
        for metric in COMPARED[kind]:
            if path.startswith(("reward", "lora", "model")):
                continue  # they change no row and no sampling; what they change is refused above
            spec = accepted(kind, metric, path, values)
            if spec is None:
                continue
            searched.append((path, metric))
            trials = [varied(spec, path, value) for value in values]
            assert rows_measured(trials[0]) == rows_measured(trials[1]), (path, metric)
            if metric == "reward":
                assert settings(trials[0])[0] == settings(trials[1])[0], (path, metric)
    assert len(searched) > 20
    for (path, metric), field in HELD.items():
        if metric in COMPARED[kind] and path in dict(variants(kind)):
            assert (path, metric) in searched, field


def varied(spec: SweepSpec, path: str, value: Any) -> dict[str, Any]:
    trial = spec.trial.model_dump(mode="json")
    set_path(trial, path, value)
    return trial


@pytest.mark.parametrize("kind", SINGLE)
def test_the_base_model_is_measured_once_for_trials_that_are_measured_alike(kind: str) -> None:
    for path, metric in HELD:
        if metric not in COMPARED[kind] or path not in dict(variants(kind)):
            continue
        own = get_path(trial_config({"kind": kind, **LEAST[kind]}).model_dump(mode="json"), path)
        other = {"data.limit": 30, "training.max_length": longest_row(kind) - 1}
        values = [own, other.get(path, 0.5 if path == "training.top_p" else 16)]
        spec = accepted(kind, metric, path, values)
        assert spec is not None
        preparation = Preparation(lambda line: None, lambda key, report: None)
        keys = set()
        for value in values:
            config = trial_config(varied(spec, path, value))
            keys.add(base_key(config, measured_key(config, preparation.data(config))))
        assert len(keys) == 1, path
