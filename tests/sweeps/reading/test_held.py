"""A search that would change its own measure names what holds it fixed for all trials."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from search_spaces.schema import get_path
from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from sweeps.spec.held import held_fixed
from sweeps.spec.sections import SweepSpec
from tests.conformance.test_kinds import LEAST

LOSS = {"metric": "val_loss", "mode": "min"}
REWARD = {"metric": "reward", "mode": "max"}
PUBMEDQA = {"metric": "pubmedqa_accuracy", "mode": "max"}


def loaded(
    tmp_path: Path, parameters: dict[str, Any], kind: str = "sft", **search: Any
) -> SweepSpec:
    given = {path: v if isinstance(v, dict) else {"values": v} for path, v in parameters.items()}
    trial = {"kind": kind, **deepcopy(LEAST[kind]), **search.pop("trial", {})}
    content = {
        "name": "x",
        "trial": trial,
        "search": {"parameters": given, "num_trials": 2, **search},
    }
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    return load_spec(file).spec


def fixed(spec: SweepSpec, field: str) -> Any:
    return get_path(spec.trial.model_dump(mode="json"), field)


@pytest.mark.parametrize(
    ("kind", "objective", "path", "values", "field", "value"),
    [
        ("sft", LOSS, "training.max_length", [52, 60, 160], "evaluation.max_length", 160),
        ("sft", {"metric": "rouge1", "mode": "max"}, "training.max_length", [52, 60], None, 60),
        (
            "reward",
            {"metric": "pairwise_accuracy", "mode": "max"},
            "training.max_length",
            [32, 64],
            "evaluation.max_length",
            64,
        ),
        ("dpo", LOSS, "training.max_length", {"min": 32, "max": 64}, "evaluation.max_length", 64),
        ("staged", LOSS, "stages.1.training.max_length", [52, 60], "evaluation.max_length", 512),
        ("sft", LOSS, "data.limit", [20, 60, 240], "data.split_limit", 240),
        ("sft", LOSS, "data.limit", [20, None], "data.split_limit", "all"),
        ("sft", LOSS, "data.limit", {"min": 20, "max": 61}, "data.split_limit", 61),
        ("dpo", LOSS, "data.limit", [20, 40], "data.split_limit", 40),
        ("staged", LOSS, "stages.1.data.limit", [20, 60], "stages.1.data.split_limit", 60),
        ("ppo", REWARD, "training.temperature", [0.1, 2.0], "evaluation.temperature", 0.7),
        ("ppo", REWARD, "training.response_length", [8, 32], "evaluation.response_length", 32),
        (
            "ppo",
            {"metric": "kl", "mode": "min"},
            "training.response_length",
            [8, 32],
            "evaluation.response_length",
            32,
        ),
        (
            "ppo",
            {"metric": "reward_safety", "mode": "max"},
            "training.temperature",
            [0.1, 2.0],
            "evaluation.temperature",
            0.7,
        ),
        ("grpo", REWARD, "training.temperature", [0.7, 1.4], "evaluation.temperature", 1.0),
        (
            "grpo",
            REWARD,
            "training.max_completion_length",
            [8, 32],
            "evaluation.response_length",
            32,
        ),
    ],
)
def test_the_measure_is_named_where_a_search_would_change_it(
    tmp_path: Path,
    kind: str,
    objective: dict[str, str],
    path: str,
    values: Any,
    field: str | None,
    value: Any,
) -> None:
    spec = loaded(tmp_path, {path: values}, kind, objective=objective)
    field = field or "evaluation.max_length"
    assert fixed(spec, field) == value
    told = [text for text in held_fixed(spec) if field in text and path in text]
    assert len(told) == 1
    again = SweepSpec.model_validate(spec.model_dump(mode="json"))  # as a run folder holds it
    assert again == spec


@pytest.mark.parametrize(
    ("objective", "parameters"),
    [(PUBMEDQA, {"training.max_length": [52, 160]}), (LOSS, {"training.max_length": [160]})],
)
def test_nothing_is_named_where_nothing_is_compared_by_it(
    tmp_path: Path, objective: dict[str, str], parameters: dict[str, Any]
) -> None:
    trial = {"evaluation": {"benchmarks": ["pubmedqa"]}}
    spec = loaded(tmp_path, parameters | {"lora.r": [2, 4]}, objective=objective, trial=trial)
    assert fixed(spec, "evaluation.max_length") is None
    assert held_fixed(spec) == []
    assert "max_length" not in spec.trial.model_dump(mode="json")["evaluation"]


def test_what_the_spec_says_itself_stays(tmp_path: Path) -> None:
    trial = {"evaluation": {"max_length": 100}}
    spec = loaded(tmp_path, {"training.max_length": [52, 160]}, objective=LOSS, trial=trial)
    assert fixed(spec, "evaluation.max_length") == 100


def test_a_baseline_counts_among_the_values(tmp_path: Path) -> None:
    baselines = {"now": {"data.limit": 30}}
    spec = loaded(tmp_path, {"data.limit": [30, 20]}, objective=LOSS, baselines=baselines)
    assert fixed(spec, "data.split_limit") == 30


def test_a_component_of_a_mixture_has_its_own(tmp_path: Path) -> None:
    parts = [{"source": "toy:drugs", "name": "a"}, {"source": "hpo:findings", "name": "b"}]
    trial = {"data": {"mixture": parts}}
    spec = loaded(tmp_path, {"data.mixture.1.limit": [30, 60]}, objective=LOSS, trial=trial)
    assert fixed(spec, "data.mixture.1.split_limit") == 60
    assert fixed(spec, "data.mixture.0.split_limit") is None
    (told,) = held_fixed(spec)
    assert "data.mixture.1.limit" in told


@pytest.mark.parametrize(
    "parameters",
    [
        {"data": [{"source": "toy:drugs", "limit": 20}, {"source": "toy:drugs", "limit": 60}]},
        {"evaluation": [{"max_length": 60}, {"max_length": 80}], "training.max_length": [60, 80]},
    ],
)
def test_what_is_searched_whole_is_not_held_inside(
    tmp_path: Path, parameters: dict[str, Any]
) -> None:
    with pytest.raises(SpecError) as refused:
        loaded(tmp_path, parameters, objective=LOSS)
    assert any("means something else in each trial" in p.message for p in refused.value.problems)


def test_lengths_in_whole_sections_count(tmp_path: Path) -> None:
    wholes = [{"max_length": 60, "max_steps": 2}, {"max_length": 80, "max_steps": 4}]
    spec = loaded(tmp_path, {"training": wholes}, objective=LOSS)
    assert fixed(spec, "evaluation.max_length") == 80
    assert any("training" in text for text in held_fixed(spec))


def test_a_split_of_fewer_rows_than_are_kept_is_refused(tmp_path: Path) -> None:
    trial = {"data": {"source": "toy:drugs", "limit": 60, "split_limit": 20}}
    with pytest.raises(SpecError) as refused:
        loaded(tmp_path, {"lora.r": [2, 4]}, trial=trial)
    (problem,) = refused.value.problems
    assert problem.field == "trial.data.split_limit"
    assert problem.fix == "Write 60, or lower limit"


def test_a_sampling_of_rewards_is_refused_for_trials_without_any(tmp_path: Path) -> None:
    trial = {"evaluation": {"temperature": 0.5}}
    with pytest.raises(SpecError, match="temperature"):
        loaded(tmp_path, {"lora.r": [2, 4]}, trial=trial)
