"""Trials that weigh rewards differently are judged at the step of one and the same measure."""

from pathlib import Path
from typing import Any

import pytest

from sweeps.control.kept_step import kept_by
from sweeps.run_folder.entry import Entry
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import FakePreparation, make_sweep
from trainables.rewards.config import RewardConfig
from trainables.rewards.kept_step import step_criterion

CURVE = [
    {"reward": 0.5, "reward_a": 0.0440, "reward_b": 0.9, "val_loss": 2.0},
    {"reward": 0.4, "reward_a": 0.0939, "reward_b": 0.8, "val_loss": 3.0},
    {"reward": 0.3, "reward_a": 0.0100, "reward_b": 0.99, "val_loss": 1.0},
]


def spec(searched: str, metric: str, kind: str = "ppo", **reward: Any) -> SweepSpec:
    trial: dict[str, Any] = {
        "kind": kind,
        "data": {"source": "toy:drugs"},
        "reward": {"weights": {"safety": 1, "brevity": 1}, **reward},
    }
    if kind == "staged":
        trial = {"kind": "staged", "stages": [{"kind": "sft", "name": "s", "data": trial["data"]}]}
        last = {"kind": "ppo", "name": "p", "data": {"source": "toy:drugs"}}
        trial["stages"].append({**last, "reward": {"weights": {"safety": 1, "brevity": 1}}})
    trial["model"] = {"name_or_path": "toy:llama"}
    search = {
        "objective": {"metric": metric, "mode": "max"},
        "parameters": {searched: {"values": [0.1, 0.2]}},
        "num_trials": 2,
    }
    return SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})


@pytest.mark.parametrize(
    ("searched", "metric", "kind", "found"),
    [
        ("reward.weights.safety", "reward_safety", "ppo", ("reward.", "reward_safety")),
        ("reward.weights.safety", "perplexity", "grpo", ("reward.", "val_loss")),
        ("reward.weights.safety", "pubmedqa_accuracy", "ppo", ("reward.", "unweighted")),
        ("stages.1.reward.weights.safety", "kl", "staged", ("stages.1.reward.", "kl")),
        ("training.learning_rate", "reward_safety", "ppo", None),
        ("stages.0.training.learning_rate", "reward_safety", "staged", None),
    ],
)
def test_by_the_objective_or_by_a_measure_that_is_the_same(
    searched: str, metric: str, kind: str, found: Any
) -> None:
    expected = found and (f"{found[0]}step_metric", found[1])
    assert kept_by(spec(searched, metric, kind)) == expected


def test_what_is_written_stays() -> None:
    made = spec("reward.weights.safety", "reward_safety", step_metric="val_loss")
    assert kept_by(made) is None


def test_a_run_of_before_goes_on_as_it_began() -> None:
    made = spec("reward.weights.safety", "reward_safety")
    old = Entry("EXP-001", 1, {"reward": {"weights": {"safety": 1}}})
    new = Entry("EXP-001", 1, {"reward": {"weights": {}, "step_metric": "reward_safety"}})
    assert kept_by(made, [old]) is None
    assert kept_by(made, [new]) == kept_by(made) != None  # noqa: E711


def test_every_trial_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    sweep = make_sweep(spec("reward.weights.safety", "reward_safety"), tmp_path)
    sweep._suggest()
    sweep._suggest()
    told = [e.config["reward"].get("step_metric") for e in sweep.ledger.entries() if not e.is_base]
    assert told == ["reward_safety"] * 2


@pytest.mark.parametrize(
    ("name", "best"),
    [("reward", 0), ("reward_a", 1), ("unweighted", 2), ("val_loss", 2), ("reward_b", 2)],
)
def test_the_step_that_counts(name: str, best: int) -> None:
    weights = {"my:a": 9, "my:b": 1, "safety": 0}
    config = RewardConfig.model_validate({"weights": weights, "step_metric": name})
    values = [step_criterion(config)(line) for line in CURVE]
    assert values.index(min(values)) == best


def test_the_default_is_left_out_of_what_is_hashed() -> None:
    assert "step_metric" not in RewardConfig().model_dump(mode="json")
    assert RewardConfig(step_metric="kl").model_dump()["step_metric"] == "kl"
