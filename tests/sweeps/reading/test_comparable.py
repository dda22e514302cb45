"""Trials that differ in a searched path are measured alike, or the search is refused."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from search_spaces.schema import paths_within
from sweeps.reading.comparable import ALIKE, DIFFERS, WHOLE, differences
from sweeps.reading.comparable_checks import comparable_findings
from sweeps.reading.loading import load_spec
from sweeps.reading.metric_groups import GROUPS, group_of
from sweeps.reading.parts import parts_of
from sweeps.spec.errors import SpecError
from tests.conformance.test_kinds import LEAST
from trainables.data.config import Component
from trainables.data.pairs.config import PairSource
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.metric_names import METRICS
from trainables.kinds import KINDS, MEASURED_BY

ENTRIES = {
    "data.mixture.0": Component,
    "data.unseen.0": PairSource,
    "evaluation.benchmarks.0": BenchmarkConfig,
}


def searchable(kind: str) -> list[str]:
    """Every path of a kind, entries of lists and mappings included; of stages within the stage."""
    found = paths_within(KINDS[kind], LEAST[kind])
    within = [path.split(".", 2)[2] if path.startswith("stages.") else path for path in found]
    entries = [f"{place}.{name}" for place, c in ENTRIES.items() for name in c.model_fields]
    more = ["data.weights.a", "reward.weights.safety", "start"]  # the last of a reward stage
    return [path for path in dict.fromkeys([*within, *entries, *more]) if path != "kind"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_path_that_may_be_searched_has_an_answer(kind: str) -> None:
    unsaid = [path for path in searchable(kind) if differences(path) is None]
    assert unsaid == [], "say in sweeps/reading/comparable.py whether trials stay comparable"


def test_no_answer_is_given_twice_and_none_in_vain() -> None:
    assert not set(DIFFERS) & ALIKE
    known = {path for kind in KINDS for path in searchable(kind)}
    inside = {above for path in known for above in WHOLE if path.startswith(f"{above}.")}
    component = {f"data.{name}" for name in Component.model_fields}
    assert {*DIFFERS, *ALIKE} <= known | inside | component
    assert {*DIFFERS, *ALIKE} >= WHOLE


def test_every_metric_is_measured_on_something() -> None:
    assert set(GROUPS) == set(METRICS)
    assert group_of("reward_safety") == "sampled"


def test_what_the_base_model_depends_on_is_no_difference_that_trials_may_have() -> None:
    for kind, fields in MEASURED_BY.items():
        for field in fields:
            found = differences(f"training.{field}") or ()
            assert any(not d.kinds or kind in d.kinds for d in found), field


def spec(parameters: dict[str, Any], kind: str = "sft", **search: Any) -> dict[str, Any]:
    trial = {"kind": kind, **deepcopy(LEAST[kind])}
    searched = {"parameters": parameters, "num_trials": 2, **search}
    return {"name": "x", "trial": trial, "search": searched}


def problems(tmp_path: Path, content: dict[str, Any]) -> list[str]:
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    try:
        load_spec(file)
    except SpecError as error:
        return [f"{p.field}: {p.message} Fix: {p.fix}" for p in error.problems]
    return []


LOSS = {"metric": "val_loss", "mode": "min"}
REWARD = {"metric": "reward", "mode": "max"}
PUBMEDQA = {"metric": "pubmedqa_accuracy", "mode": "max"}


@pytest.mark.parametrize(
    ("kind", "objective", "path", "values"),
    [
        ("sft", LOSS, "data.seed", [1, 2]),
        ("sft", LOSS, "data.split", [[0.8, 0.1, 0.1], [0.6, 0.2, 0.2]]),
        ("sft", LOSS, "data.cleaning.min_answer_chars", [1, 50]),
        ("sft", LOSS, "data.cleaning", [{"min_answer_chars": 1}, {"min_answer_chars": 50}]),
        ("sft", LOSS, "data", [{"source": "toy:drugs"}, {"source": "hpo:findings"}]),
        ("sft", LOSS, "data.system_prompt", [None, "Be brief."]),
        ("sft", LOSS, "data.source", ["toy:drugs", "hpo:findings"]),
        ("sft", LOSS, "data.folds", [2, 3]),
        ("sft", LOSS, "evaluation.loss_limit", [10, 20]),
        ("sft", LOSS, "evaluation.every_epochs", [0.1, 1.0]),
        ("sft", {"metric": "train_loss", "mode": "min"}, "training.max_length", [52, 160]),
        ("sft", {"metric": "train_loss", "mode": "min"}, "data.limit", [20, 60]),
        ("ppo", {"metric": "train_loss", "mode": "min"}, "training.temperature", [0.1, 2.0]),
        ("sft", LOSS, "evaluation.max_length", [52, 160]),
        ("sft", LOSS, "data.split_limit", [60, 160]),
        ("ppo", REWARD, "evaluation.temperature", [0.1, 2.0]),
        ("dpo", {"metric": "pairwise_ece", "mode": "min"}, "training.beta", [0.1, 0.5]),
    ],
)
def test_a_search_that_changes_its_own_measure_is_refused(
    tmp_path: Path, kind: str, objective: dict[str, str], path: str, values: list[Any]
) -> None:
    found = problems(tmp_path, spec({path: {"values": values}}, kind, objective=objective))
    about = [text for text in found if text.startswith("search.objective.metric")]
    assert about
    assert all(path in text and "Fix: " in text for text in about)
    one = spec({path: {"values": values[:1]}, "lora.r": {"values": [2, 4]}}, kind)
    one["search"]["objective"] = objective
    assert problems(tmp_path, one) == []  # one value is no search


@pytest.mark.parametrize(
    ("kind", "objective", "path", "values"),
    [
        ("sft", LOSS, "training.seed", [1, 2]),
        ("sft", PUBMEDQA, "training.max_length", [52, 160]),
        ("sft", PUBMEDQA, "data.limit", [20, 60]),
        ("ppo", LOSS, "training.temperature", [0.1, 2.0]),
        ("ppo", PUBMEDQA, "training.response_length", [8, 32]),
        ("ppo", REWARD, "training.kl_coef", [0.1, 0.2]),
        ("grpo", REWARD, "training.beta", [0.1, 0.2]),
        ("staged", LOSS, "stages.0.data.limit", [20, 60]),
        ("staged", LOSS, "stages.0.training.max_length", [52, 160]),
    ],
)
def test_what_the_measure_does_not_depend_on_may_be_searched(
    tmp_path: Path, kind: str, objective: dict[str, str], path: str, values: list[Any]
) -> None:
    content = spec({path: {"values": values}}, kind, objective=objective)
    content["trial"]["evaluation"] = {"benchmarks": ["pubmedqa"]}
    assert problems(tmp_path, content) == []


def test_all_that_trials_are_compared_by_is_looked_at(tmp_path: Path) -> None:
    seeds = {"data.seed": {"values": [1, 2]}}
    content = spec(seeds, objective={"metric": "minutes", "mode": "min"})
    content["search"]["early_stopping"] = {"kind": "asha", "metric": "val_loss"}
    content["search"]["selection"] = {"rule": "balanced", "metrics": ["minutes", "rouge1"]}
    fields = [text.partition(":")[0] for text in problems(tmp_path, content)]
    assert fields == ["search.selection.metrics.1", "search.early_stopping.metric"]


def test_stages_before_the_last_count_where_trials_are_stopped_in_them(tmp_path: Path) -> None:
    seed = {"stages.0.data.seed": {"values": [1, 2]}}
    content = spec(seed, "staged", objective=LOSS, early_stopping={"kind": "asha"})
    (found,) = problems(tmp_path, content)
    assert "stages.0.data.seed" in found
    content["search"]["early_stopping"]["metric"] = "train_loss"
    (found,) = problems(tmp_path, content)  # the objective itself is the last stage's
    assert found.startswith("search.early_stopping.metric")


def test_a_baseline_may_not_bring_a_measure_of_its_own(tmp_path: Path) -> None:
    parameters = {"data.seed": {"values": [1]}, "lora.r": {"values": [2, 4]}}
    content = spec(parameters)
    content["search"]["baselines"] = {"now": {"data.seed": 2, "lora.r": 2}}
    assert any("data.seed" in text for text in problems(tmp_path, content))


def test_a_reward_model_of_its_own_counts_where_trials_are_stopped_on_its_reward() -> None:
    data = {"source": "toy:drugs"}
    stages = [{"kind": k, "name": k, "data": data} for k in ("reward", "ppo")]
    stages[1]["reward"] = {"weights": {"reward_model": 1}}
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages}
    parameters = {"stages.0.training.learning_rate": {"values": [1e-5, 1e-4]}}
    stopping = {"kind": "asha", "metric": "reward"}
    search = {"parameters": parameters, "early_stopping": stopping}
    parts = parts_of({"name": "x", "trial": trial, "search": search})
    place = ("search", "early_stopping", "metric")
    (found,) = comparable_findings(parts, [(place, "reward")])
    assert "stages.0.training.learning_rate" in found.message


@pytest.mark.parametrize(
    ("data", "path", "values"),
    [
        ({"validation": "dev.jsonl"}, "data.limit", [20, 60]),
        ({"validation": "dev.jsonl"}, "data.seed", [1, 2]),
        ({"validation": "dev.jsonl"}, "data.source", ["toy:drugs", "hpo:lay"]),
        ({"source": "a/b", "validation": "split:dev"}, "data.limit", [20, 60]),
    ],
)
def test_beside_validation_rows_of_their_own_what_is_trained_on_may_be_searched(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: dict[str, Any],
    path: str,
    values: list[Any],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dev.jsonl").write_text('{"question": "What?", "answer": "That."}\n')
    content = spec({path: {"values": values}}, objective=LOSS)
    content["trial"]["data"] = {**content["trial"]["data"], **data}
    assert problems(tmp_path, content) == []
    del content["trial"]["data"]["validation"]
    held = path == "data.limit"  # by data.split_limit: see test_held.py
    assert len(problems(tmp_path, content)) == (0 if held else 1)


@pytest.mark.parametrize("path", ["data.mixture.0.limit", "data.seed"])
def test_beside_the_rows_of_a_whole_mixture_what_its_parts_give_may_be_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dev.jsonl").write_text('{"question": "What?", "answer": "That."}\n')
    content = spec({path: {"values": [5, 9]}}, objective=LOSS)
    parts = [{"source": "toy:drugs", "name": "a", "limit": 5}, {"source": "hpo:lay", "name": "b"}]
    content["trial"]["data"] = {"mixture": parts, "validation": "dev.jsonl"}
    assert problems(tmp_path, content) == []
    content["trial"]["data"]["validation"] = "./nowhere.jsonl"
    (found,) = problems(tmp_path, content)
    assert "trial.data.validation: does not exist" in found


def test_how_validation_rows_of_their_own_are_read_is_no_part_of_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("dev.jsonl", "other.jsonl"):
        Path(name).write_text('{"question": "What?", "answer": "That."}\n')
    for path, values in (
        ("data.validation", ["dev.jsonl", "other.jsonl"]),
        ("data.cleaning.min_answer_chars", [1, 50]),
        ("data.source", ["a/b", "c/d"]),
    ):
        content = spec({path: {"values": values}}, objective=LOSS)
        own = "split:dev" if path == "data.source" else "dev.jsonl"
        content["trial"]["data"] |= {"source": "a/b", "validation": own}
        (found,) = problems(tmp_path, content)
        assert "validation rows of its own" in found


def test_files_of_rows_apart_must_exist_and_a_split_beside_them_is_refused(tmp_path: Path) -> None:
    content = spec({"lora.r": {"values": [2, 4]}}, objective=LOSS)
    content["trial"]["data"] |= {
        "validation": ["./nowhere.jsonl"],
        "test": "./none.csv",
        "split": [0.5, 0.3, 0.2],
    }
    found = {text.partition(":")[0] for text in problems(tmp_path, content)}
    assert found == {"trial.data.validation.0", "trial.data.test", "trial.data.split"}
