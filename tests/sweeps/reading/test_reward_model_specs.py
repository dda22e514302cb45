"""Reward models in a spec: what is legal, and what is told of what is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import Problem, SpecError

PAIRS = {"mixture": [{"source": "toy:drugs"}, {"source": "hpo:siblings"}]}
UNSEEN = {**PAIRS, "unseen": [{"source": "toy:drugs", "name": "more"}]}

EWC = {"kind": "ewc", "weight": 1, "data": {"source": "toy:drugs"}}


def written(tmp_path: Path, metric: str = "pairwise_accuracy", **trial: Any) -> Path:
    own = {"kind": "reward", "model": {"name_or_path": "toy:llama"}, "data": PAIRS, **trial}
    mode = "min" if metric in ("val_loss", "perplexity", "pairwise_ece") else "max"
    search = {
        "parameters": {"training.center_rewards_coefficient": {"values": [None, 0.01]}},
        "objective": {"metric": metric, "mode": mode},
        "early_stopping": {"kind": "asha", "metric": "val_loss"},
        "num_trials": 2,
    }
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps({"name": "rm", "trial": own, "search": search}), encoding="utf-8")
    return file


def problem(tmp_path: Path, metric: str = "pairwise_accuracy", **trial: Any) -> Problem:
    with pytest.raises(SpecError) as caught:
        load_spec(written(tmp_path, metric, **trial))
    (only,) = caught.value.problems
    return only


@pytest.mark.parametrize("metric", ["pairwise_accuracy", "val_loss", "pairwise_ece"])
def test_its_metrics_can_be_sought(metric: str, tmp_path: Path) -> None:
    spec = load_spec(written(tmp_path, metric)).spec
    assert spec.trial.kind == "reward"


def test_unseen_accuracy_needs_unseen_sources(tmp_path: Path) -> None:
    assert load_spec(written(tmp_path, "unseen_pairwise_accuracy", data=UNSEEN)).spec
    found = problem(tmp_path, "unseen_pairwise_accuracy")
    assert found.message == "is not measured by this trial"
    assert found.fix == "Name sources that are only measured in trial.data.unseen"


@pytest.mark.parametrize("metric", ["perplexity", "rouge1", "reward"])
def test_metrics_of_answers_are_not_its(metric: str, tmp_path: Path) -> None:
    found = problem(tmp_path, metric)
    assert "is not reported by trials of kind reward" in found.message
    assert "pairwise_accuracy" in (found.fix or "")


@pytest.mark.parametrize(
    ("trial", "field", "message"),
    [
        ({"lora": None}, "trial.lora", "cannot be null"),
        ({"lora": {"use_dora": True}}, "trial.lora.use_dora", "changes the base's weights"),
        ({"evaluation": {"metrics": ["rouge"]}}, "trial.evaluation", "writes no answers"),
        ({"training": {"bf16": True}}, "trial.training", "bf16 is not for reward models"),
        (
            {
                "training": {
                    "regularizer": {"kind": "ewc", "weight": 1, "data": {"source": "x.txt"}}
                }
            },
            "trial.training",
            "ewc is not for reward models",
        ),
        ({"data": {"source": "toy:drugs", "weights": {"a": 1}}}, "trial.data.weights", "known key"),
    ],
)
def test_what_it_cannot_have_is_refused(
    trial: dict[str, Any], field: str, message: str, tmp_path: Path
) -> None:
    found = problem(tmp_path, **trial)
    assert found.field == field
    assert message in found.message


def test_a_missing_file_of_an_unseen_source(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.jsonl")
    found = problem(tmp_path, data={**PAIRS, "unseen": [{"source": gone}]})
    assert (found.field, found.value) == ("trial.data.unseen.0.source", gone)
