"""Trials in stages in a spec: paths by number, and what is told of what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from search_spaces.space import build_space
from sweeps.control.proposer import whole_baseline
from sweeps.reading.loading import LoadedSpec, load_spec
from sweeps.spec.errors import Problem, SpecError
from trainables.kinds import KINDS
from trainables.staged.config import StagedConfig

RATE = "stages.1.training.learning_rate"
RATES = {"values": [1e-4, 2e-4]}


def spec(**trial: Any) -> dict[str, Any]:
    stages = [{"name": name, "data": {"source": "toy:drugs"}} for name in ("first", "second")]
    own = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages, **trial}
    return {"name": "in-stages", "trial": own, "search": {"num_trials": 2}}


def load(tmp_path: Path, content: dict[str, Any], *overrides: str) -> LoadedSpec:
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return load_spec(file, overrides)


def problem(tmp_path: Path, content: dict[str, Any], *overrides: str) -> Problem:
    with pytest.raises(SpecError) as caught:
        load(tmp_path, content, *overrides)
    (only,) = caught.value.problems
    return only


def searching(path: str, parameter: Any, **trial: Any) -> dict[str, Any]:
    content = spec(**trial)
    content["search"]["parameters"] = {path: parameter}
    return content


def test_a_stages_field_is_searched_by_its_number(tmp_path: Path) -> None:
    content = searching(RATE, RATES)
    content["search"]["baselines"] = {"lower": {RATE: 1e-4}}
    loaded = load(tmp_path, content).spec
    assert isinstance(loaded.trial, StagedConfig)
    space = build_space(loaded.search.parameters)
    assert whole_baseline(loaded.trial, space, {}) == {RATE: 2e-4}  # the stage's own value


def test_a_stages_mixture_is_searched(tmp_path: Path) -> None:
    content = searching("stages.0.data.weights", {"simplex": ["drugs", "lay"]})
    content["trial"]["stages"][0]["data"] = {
        "mixture": [{"source": "toy:drugs"}, {"source": "hpo:lay"}]
    }
    assert load(tmp_path, content).spec.search.parameters


@pytest.mark.parametrize(
    ("path", "parameter", "message", "fix"),
    [
        ("stages.2.training.seed", {"values": [1, 2]}, "leads into stages.2", "from 0"),
        ("stages.0.training.learnin_rate", RATES, "is not a field", "stages.0.training.learning_"),
        ("training.learning_rate", RATES, "is not a field", "stages.0.training.learning_rate"),
        ("stages.second.training.learning_rate", RATES, "names a stage", f"Write `{RATE}`"),
        ("stages.second.training.learnin_rate", RATES, "is not a field", "stages.1.training.learn"),
        ("stages.third.training.learning_rate", RATES, "is not a field", "stages.0.training."),
        (RATE, {"values": [1e-4, -1]}, "must be above 0", "Correct"),
        ("stages.0.training.seed", {"min": 1, "max": 3.5}, "whole number", "int_uniform"),
        ("stages.0.training", {"min": 1, "max": 3}, "is a section", "stages.0.training.seed"),
    ],
)
def test_paths_into_stages(
    tmp_path: Path, path: str, parameter: Any, message: str, fix: str
) -> None:
    found = problem(tmp_path, searching(path, parameter))
    assert message in found.message
    assert fix in (found.fix or "")
    assert found.field.startswith(f"search.parameters.{path}")


@pytest.mark.parametrize(
    ("named", "meant"), [("stages.second", "stages.1."), ("stages.third", "stages.0.")]
)
def test_a_stage_is_set_by_its_number(tmp_path: Path, named: str, meant: str) -> None:
    found = problem(tmp_path, spec(), f"trial.{named}.training.max_steps=3")
    assert "trial.stages is a list of 2, whose entries are counted from 0" in found.message
    assert found.fix is not None
    assert f"trial.{meant}training.max_steps" in found.fix


def test_a_baseline_names_a_stage_by_its_number(tmp_path: Path) -> None:
    content = searching(RATE, RATES)
    named = RATE.replace("stages.1", "stages.second")
    content["search"]["baselines"] = {"lower": {named: 1e-4}}
    assert f"`{RATE}`" in (problem(tmp_path, content).fix or "")


def stage(**fields: Any) -> dict[str, Any]:
    return {"name": "second", "data": {"source": "toy:drugs"}, **fields}


@pytest.mark.parametrize(
    ("second", "field", "message", "fix"),
    [
        (
            stage(training={"learnin_rate": 1}),
            "training.learnin_rate",
            "known key",
            "learning_rate",
        ),
        (stage(trainin={}), "trainin", "is not a known key", "training"),
        (stage(kind="pp0"), "kind", "no such kind of stage", "ppo"),
        (stage(kind="staged"), "kind", "no such kind of stage", "sft, reward, ppo, grpo"),
        (stage(kind="ppo", training={"cliprang": 1}), "training.cliprang", "key", "cliprange"),
        (stage(kind="ppo", reward={"weights": {"safty": 1}}), "reward.weights.safty", "safety", ""),
        (stage(training={"cliprange": 0.1}), "training.cliprange", "not a known key", ""),
        (stage(reward={}), "reward", "is not a known key", "training"),
        (stage(kind="ppo", training={"gamma": 2}), "training.gamma", "must be 1.0 or less", "1"),
        (stage(kind="ppo", training={"seed": "1"}), "training.seed", "a number, not text", "42"),
        (stage(kind="reward", start="old"), "start", "must be 'policy' or 'fresh'", "policy"),
        (stage(kind="reward", data={"source": "gone.jsonl"}), "data.source", "does not exist", ""),
        (stage(training={"seed": "1"}), "training.seed", "a number, not text", "default: 42"),
        (stage(data={"source": "gone.jsonl"}), "data.source", "does not exist", ""),
        (
            stage(data={"source": "toy:drugs", "system_prompt": "Hi"}),
            "data.system_prompt",
            "is not",
            "",
        ),
    ],
)
def test_what_is_wrong_in_a_stage_is_told_there(
    tmp_path: Path, second: dict[str, Any], field: str, message: str, fix: str
) -> None:
    first = {"name": "first", "data": {"source": "toy:drugs"}}
    found = problem(tmp_path, spec(stages=[first, second]))
    assert found.field == f"trial.stages.1.{field}"
    assert message in found.message
    assert fix in (found.fix or "")
    assert (found.line or 0) > 10


PPO = {"name": "rl", "kind": "ppo", "data": {"source": "toy:drugs"}}
PIPELINE = [stage(), {"name": "rm", "kind": "reward", "data": {"source": "toy:drugs"}}, PPO]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("stages.0.training.learning_rate", RATES),
        ("stages.1.training.center_rewards_coefficient", {"values": [0.01, 0.1]}),
        ("stages.1.start", {"values": ["policy", "fresh"]}),
        ("stages.2.training.kl_coef", {"min": 0.01, "max": 0.1}),
        ("stages.2.reward.weights", {"simplex": ["terminology", "safety"]}),
        ("stages.2.reward.weights.safety", {"min": 0.1, "max": 1.0}),
    ],
)
def test_a_stage_has_the_fields_of_its_kind(tmp_path: Path, path: str, parameter: Any) -> None:
    loaded = load(tmp_path, searching(path, parameter, stages=PIPELINE)).spec
    assert [s.kind for s in loaded.trial.stages] == ["sft", "reward", "ppo"]
    assert list(loaded.search.parameters) == [path]


@pytest.mark.parametrize(
    ("path", "parameter", "message"),
    [
        ("stages.0.training.kl_coef", {"min": 0.01, "max": 0.1}, "is not a field"),
        ("stages.1.reward.weights.safety", {"min": 0.1, "max": 1.0}, "is not a field"),
        ("stages.2.training.gamma", {"values": [0.9, 2]}, "must be 1.0 or less"),
        ("stages.2.start", {"values": ["policy", "fresh"]}, "is not a field"),
    ],
)
def test_a_stage_has_no_fields_of_other_kinds(
    tmp_path: Path, path: str, parameter: Any, message: str
) -> None:
    assert message in problem(tmp_path, searching(path, parameter, stages=PIPELINE)).message


def test_a_kinds_own_default_is_a_stages_default(tmp_path: Path) -> None:
    """A baseline that names no rate keeps the stage's own: PPO's default is not SFT's."""
    path = "stages.2.training.learning_rate"
    content = searching(path, {"values": [2e-5, 1e-4]}, stages=PIPELINE)
    content["search"]["baselines"] = {"own": {path: 2e-5}, "same": {}}
    found = problem(tmp_path, content)
    assert "is the same configuration as own" in found.message


def test_what_a_kind_refuses_of_a_shared_section_is_told_there(tmp_path: Path) -> None:
    found = problem(tmp_path, spec(stages=PIPELINE, lora={"use_dora": True}))
    assert found.field == "trial.lora.use_dora"
    assert "(stage rm)" in found.message


def test_a_kind_offers_its_own_fields_only(tmp_path: Path) -> None:
    found = problem(tmp_path, spec(training={"seed": 1}))
    assert (found.field, found.message) == ("trial.training", "is not a known key")
    assert "stages" in (found.fix or "")
    sft = {"model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}, "stages": []}
    found = problem(tmp_path, {"name": "x", "trial": sft})
    assert found.field == "trial.stages"
    assert "evaluation" in (found.fix or "")


def test_an_unknown_kind_names_all(tmp_path: Path) -> None:
    found = problem(tmp_path, spec(kind="stagd"))
    assert found.message == f"there is no such kind of trial; there is: {', '.join(KINDS)}"
    assert "staged" in (found.fix or "")


def test_one_stage_all_weights_and_one_name_twice_are_refused(tmp_path: Path) -> None:
    first = {"name": "first", "data": {"source": "toy:drugs"}}
    assert "1 of two or more" in problem(tmp_path, spec(stages=[first])).message
    assert "only kind sft trains all weights" in problem(tmp_path, spec(lora=None)).message
    assert "called first" in problem(tmp_path, spec(stages=[first, first])).message


def test_what_an_sft_trial_refuses_is_told_at_its_stage(tmp_path: Path) -> None:
    content = spec(lora={"use_dora": True})
    content["trial"]["stages"][1]["training"] = {"regularizer": {"kind": "l2_start", "weight": 1}}
    found = problem(tmp_path, content)
    assert found.field == "trial.stages.1.training.regularizer"
    assert "DoRA" in found.message


def test_overrides_reach_into_stages(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        spec(),
        "trial.stages.1.training.num_train_epochs=3",
        f"search.parameters.{RATE}.values=[1e-4, 3e-4]",
        f"search.baselines.low.{RATE}=1e-4",
    ).spec
    assert loaded.trial.stage_trials[1].training.num_train_epochs == 3
    assert loaded.search.parameters[RATE].values == (1e-4, 3e-4)
    assert loaded.search.baselines == {"low": {RATE: 1e-4}}
