"""A fresh reward model behind a searched stage, really trained: once, and as if alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.sweep import Sweep
from sweeps.launch.on_ray import new_run
from sweeps.reading.loading import load_spec
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import Drive, records
from tests.sweeps.test_staged import _cache, _lines, _timeless, real  # noqa: F401 (a fixture)

DATA = {"source": "toy:drugs", "limit": 40, "system_prompt": None}
TRAINING = {"max_steps": 2, "per_device_train_batch_size": 2, "max_length": 96}
PPO = {"num_ppo_epochs": 1, "num_mini_batches": 1, "response_length": 4}


def content(num_trials: int) -> dict[str, Any]:
    stages: list[dict[str, Any]] = [
        {"name": "answers", "kind": "sft", "data": DATA, "training": TRAINING},
        {"name": "taste", "kind": "reward", "start": "fresh", "data": DATA, "training": TRAINING},
        {
            "name": "policy",
            "kind": "ppo",
            "data": DATA,
            "reward": {"weights": {"reward_model": 1}},
            "training": {**TRAINING, **PPO},
        },
    ]
    trial = {
        "kind": "staged",
        "model": {"name_or_path": "toy:llama", "dtype": "float32"},
        "lora": {"r": 2, "target_modules": ["q_proj"]},
        "evaluation": {"metrics": [], "limit": 2, "loss_limit": 4},
        "stages": stages,
    }
    search = {
        "parameters": {"stages.0.training.learning_rate": {"values": [1e-3, 1e-2]}},
        "sampler": "grid",
        "num_trials": num_trials,
        "objective": {"metric": "reward_reward_model", "mode": "max"},
    }
    return {"name": "fresh", "trial": trial, "search": search}


def test_a_trial_that_takes_it_over_is_the_one_that_trains_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SweepSpec.model_validate(content(2))
    Drive(Sweep(spec, Ledger(tmp_path / "shared")), trial=real).run()
    monkeypatch.setattr("sweeps.control.shared_stages.SharedStages._made_keys", lambda *_: ())
    Drive(Sweep(spec, Ledger(tmp_path / "alone")), trial=real).run()
    record = records(tmp_path / "shared")["EXP-002"]
    second = record["stages"][1]
    assert second.pop("shared_from") == "EXP-001"
    assert second.pop("shared_seconds") == record.pop("shared_seconds") == second["elapsed"]
    assert _timeless(record) == _timeless(records(tmp_path / "alone")["EXP-002"])
    kept = "trials/EXP-002/adapter/adapter_model.safetensors"
    assert (tmp_path / "shared" / kept).read_bytes() == (tmp_path / "alone" / kept).read_bytes()
    lines = [_lines(tmp_path / n / "trials/EXP-002/metrics.jsonl") for n in ("shared", "alone")]
    assert lines[0] == lines[1]


@pytest.mark.slow
def test_in_a_pack_in_ray(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps({**content(2), "cluster": {"trials_per_gpu": 2}}))
    new_run(load_spec(file), tmp_path / "run", lambda *_: [], lambda _: None)
    found = records(tmp_path / "run")
    assert [record["state"] for record in found.values()] == ["complete", "complete"]
    assert {record["engine"] for record in found.values()} == {"packed"}
    shared = [record["stages"][1].get("shared_from") for record in found.values()]
    assert shared in ([None, "EXP-001"], ["EXP-002", None])
