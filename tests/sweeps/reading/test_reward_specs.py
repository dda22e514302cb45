"""Metrics of rewards in a spec: which kind reports them, and where they compare nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.reading.comparable_checks import comparable_findings
from sweeps.reading.loading import load_spec
from sweeps.reading.metric_checks import metric_findings
from sweeps.reading.parts import parts_of
from sweeps.spec.errors import Problem, SpecError
from trainables.evaluation.metric_names import metric_named

TOTAL = {"metric": "reward", "mode": "max"}
SIMPLEX = {"reward.weights": {"simplex": ["safety", "brevity"]}}
ONE = {"reward.weights.safety": {"min": 0.1, "max": 2.0}}
RATE = {"training.learning_rate": {"values": [1e-5, 1e-4]}}
DRUGS = {"source": "toy:drugs"}


def spec(parameters: dict[str, Any], kind: str = "grpo", **search: Any) -> dict[str, Any]:
    trial = {"kind": kind, "model": {"name_or_path": "toy:llama"}, "data": DRUGS}
    searched = {"parameters": parameters, "num_trials": 2, **search}
    return {"name": "x", "trial": trial, "search": searched}


def problems(tmp_path: Path, content: dict[str, Any]) -> list[Problem]:
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(content), encoding="utf-8")
    try:
        load_spec(file)
    except SpecError as told:
        return [*told.problems]
    return []


def better(metric: str) -> str:
    """The direction of a metric, which an objective must have."""
    known = metric_named(metric)
    assert known is not None
    return known.mode


def only(tmp_path: Path, content: dict[str, Any]) -> Problem:
    (problem,) = problems(tmp_path, content)
    return problem


@pytest.mark.parametrize("parameters", [SIMPLEX, ONE, SIMPLEX | RATE], ids=str)
@pytest.mark.parametrize(
    ("search", "field"),
    [
        ({"objective": TOTAL}, "search.objective.metric"),
        (
            {"objective": [{"metric": "val_loss", "mode": "min"}, TOTAL]},
            "search.objective.1.metric",
        ),
        (
            {"selection": {"rule": "balanced", "metrics": ["val_loss", "reward"]}},
            "search.selection.metrics.1",
        ),
        (
            {"early_stopping": {"kind": "asha", "metric": "reward"}},
            "search.early_stopping.metric",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_sweep_judged_by_the_weights_it_searches_is_refused(
    tmp_path: Path, parameters: dict[str, Any], search: dict[str, Any], field: str
) -> None:
    problem = only(tmp_path, spec(parameters, **search))
    assert problem.field == field
    assert "reward.weights" in problem.message
    assert "cannot be compared" in problem.message
    assert "reward_NAME" in str(problem.fix)
    assert "benchmark" in str(problem.fix)


@pytest.mark.parametrize(
    ("parameters", "metric"),
    [
        (RATE, "reward"),  # fixed weights: the same in every trial
        (SIMPLEX, "reward_safety"),
        (ONE, "reward_safety"),
        (SIMPLEX, "val_loss"),
        (SIMPLEX, "kl"),
        ({"reward.weights": {"value": {"safety": 1}}, **RATE}, "reward"),
    ],
)
def test_what_means_the_same_in_every_trial_is_allowed(
    tmp_path: Path, parameters: dict[str, Any], metric: str
) -> None:
    goal = {"metric": metric, "mode": better(metric)}
    rule = {"kind": "asha"}  # measured during training too
    assert problems(tmp_path, spec(parameters, objective=goal, early_stopping=rule)) == []


@pytest.mark.parametrize("metric", ["reward", "reward_safety", "kl", "truncated"])
def test_other_kinds_report_none(tmp_path: Path, metric: str) -> None:
    goal = {"metric": metric, "mode": better(metric)}
    problem = only(tmp_path, spec(RATE, kind="sft", objective=goal))
    assert "not reported by trials of kind sft, only by ppo and grpo" in problem.message
    assert "val_loss" in str(problem.fix)


def test_a_reward_without_a_weight_says_how_it_is_reported(tmp_path: Path) -> None:
    goal = {"metric": "reward_brevity", "mode": "max"}
    problem = only(tmp_path, spec(RATE, objective=goal))
    assert "is not measured" in problem.message
    assert problem.fix == "Give brevity a weight above 0 in reward.weights"


@pytest.mark.parametrize(
    "parameters",
    [
        {"reward.weights.safety": {"min": 0.0, "max": 2.0}},
        {"reward.weights.safety": {"values": [0, 1]}},
        {"reward.weights": {"values": [{"safety": 1}, {"brevity": 1}]}},
    ],
)
def test_a_reward_that_some_trials_leave_out(tmp_path: Path, parameters: dict[str, Any]) -> None:
    goal = {"metric": "reward_safety", "mode": "max"}
    content = spec(parameters, objective=goal)
    content["trial"]["reward"] = {"weights": {"brevity": 1}}
    problem = only(tmp_path, content)
    assert "not reported by trials that give this reward a weight of 0" in problem.message


def test_a_searched_weight_replaces_the_default_ones(tmp_path: Path) -> None:
    problem = only(tmp_path, spec(ONE, objective={"metric": "reward_reasoning", "mode": "max"}))
    assert problem.fix == "Give reasoning a weight above 0 in reward.weights"


def test_own_functions_are_known_by_their_name(tmp_path: Path) -> None:
    content = spec(RATE, objective={"metric": "reward_empathy", "mode": "max"})
    package = tmp_path / "my_package"
    package.mkdir()
    (package / "rewards.py").write_text("def empathy(prompts, completions, **columns): ...\n")
    content["trial"]["reward"] = {"weights": {"my_package.rewards:empathy": 1}}
    assert problems(tmp_path, content) == []


@pytest.mark.parametrize("path", ["training.beta", "training.loss_type"])
@pytest.mark.parametrize("metric", ["val_loss", "train_loss", "pairwise_accuracy", "perplexity"])
def test_losses_of_different_dpo_trials(tmp_path: Path, path: str, metric: str) -> None:
    values = ["sigmoid", "ipo"] if path == "training.loss_type" else [0.1, 0.2]
    goal = {"metric": metric, "mode": better(metric)}
    found = problems(tmp_path, spec({path: {"values": values}}, kind="dpo", objective=goal))
    assert [path in problem.message for problem in found] == [True] * ("loss" in metric)
    assert all("pairwise_accuracy, or a benchmark's" in str(problem.fix) for problem in found)
    assert problems(tmp_path, spec(RATE, kind="dpo", objective=goal)) == []


JUDGE = {"base_url": "http://localhost:1/v1", "model": "m"}


@pytest.mark.parametrize(
    ("metric", "path", "refused"),
    [
        ("reward_judge", "reward.judge.model", True),
        ("reward", "reward.judge.model", True),
        ("reward_safety", "reward.judge.model", False),
        ("reward_judge", "training.seed", False),
    ],
)
def test_what_makes_a_reward_must_not_be_searched_either(
    tmp_path: Path, metric: str, path: str, refused: bool
) -> None:
    values = [1, 2] if path == "training.seed" else ["m", "n"]
    goal = {"metric": metric, "mode": better(metric)}
    content = spec({path: {"values": values}}, objective=goal)
    content["trial"]["reward"] = {"weights": {"judge": 1, "safety": 1}, "judge": JUDGE}
    found = problems(tmp_path, content)
    assert [path in problem.message for problem in found] == [True] * refused


def staged(path: str, *kinds: str) -> Any:
    """The parts of a staged spec whose last stage has rewards, searching `path`."""
    stages = [{"kind": kind, "name": f"s{n}", "data": DRUGS} for n, kind in enumerate(kinds)]
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages}
    parameters = {path: {"values": [1, 2]}}
    return parts_of({"name": "x", "trial": trial, "search": {"parameters": parameters}})


@pytest.mark.parametrize(
    ("path", "metric", "refused"),
    [
        ("stages.0.training.seed", "reward_reward_model", True),  # the reward model stands on it
        ("stages.1.training.seed", "reward_reward_model", True),
        ("lora.r", "reward_reward_model", True),
        ("stages.2.training.seed", "reward_reward_model", False),
        ("stages.1.training.seed", "reward_safety", False),
        ("stages.1.training.seed", "val_loss", False),
    ],
)
def test_a_reward_model_trained_in_a_stage(path: str, metric: str, refused: bool) -> None:
    parts = staged("lora.r", "sft", "reward", "ppo")
    (parameter,) = parts.parameters.values()
    parts.parameters.clear()
    parts.parameters[path] = parameter
    place = ("search", "objective", "metric")
    found = list(comparable_findings(parts, [(place, metric)]))
    assert [path in finding.message for finding in found] == [True] * refused
    parts.trial["stages"][1]["start"] = "fresh"  # no longer on the stage before
    found = list(comparable_findings(parts, [(place, metric)]))
    assert bool(found) == (refused and not path.startswith("stages.0"))


@pytest.mark.parametrize(
    ("path", "held", "refused"),
    [
        ("stages.0.data.seed", {}, True),  # other validation rows, which no pair may repeat
        ("stages.0.training.max_length", {}, True),
        ("stages.0.training.max_length", {"evaluation": {"max_length": 96}}, False),
        ("stages.0.data.weights", {}, False),  # of its training rows alone
        ("stages.0.training.learning_rate", {}, False),
    ],
)
def test_a_fresh_reward_model_depends_on_the_rows_that_others_hold_back(
    path: str, held: dict[str, Any], refused: bool
) -> None:
    parts = staged(path, "sft", "reward", "ppo")
    parts.trial["stages"][1]["start"] = "fresh"
    parts.trial.update(held)
    place = ("search", "objective", "metric")
    found = list(comparable_findings(parts, [(place, "reward_reward_model")]))
    assert [path in finding.message for finding in found] == [True] * refused


def test_a_staged_trial_reports_what_its_last_stage_does() -> None:
    of_ppo = staged("lora.r", "sft", "ppo")
    content = {**vars(of_ppo), "objectives": ((("search", "objective"), "kl"),)}
    assert metric_findings(type(of_ppo)(**content)) == []
    of_sft = staged("lora.r", "ppo", "sft")
    (finding,) = metric_findings(
        type(of_sft)(**{**vars(of_sft), "objectives": content["objectives"]})
    )
    assert "not reported by trials of kind sft" in finding.message
