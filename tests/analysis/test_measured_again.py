"""Merged weights are measured as the sweep measures: which number is of which model."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.decision import decided
from analysis.export import export_best
from analysis.measured_weights import read_measured

TRIAL = {
    "kind": "sft",
    "model": {"name_or_path": "toy:llama", "quantization": "nf4", "dtype": "bfloat16"},
    "lora": {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
    "training": {"learning_rate": 1e-2, "num_train_epochs": 1, "max_length": 768},
    "evaluation": {"limit": 2, "max_new_tokens": 4},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One trial on the toy model in NF4, and its rows in a file."""
    from sweeps.launch.in_process import run_one, single_trial
    from sweeps.reading.loading import load_spec

    home = tmp_path_factory.mktemp("measured")
    rows = [
        {
            "question": f"What treats ailment {i}?",
            "answer": f"Drug {i * 7 % 13}, {i % 5 + 1} times a day.",
        }
        for i in range(60)
    ]
    (home / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = {"source": str(home / "rows.jsonl"), "split": [0.6, 0.3, 0.1]}
    spec = {"name": "toy", "trial": {**TRIAL, "data": data}}
    spec["search"] = {"objective": {"metric": "val_loss", "mode": "min"}}
    (home / "spec.yaml").write_text(yaml.safe_dump(spec))
    loaded = single_trial(load_spec(str(home / "spec.yaml")), home, "run")
    run_one(loaded, home / "run", lambda *_: [], lambda _: None)
    return home / "run"


def numbers(folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    """The trial's metrics, and what is said of the weights in the folder."""
    content = json.loads((folder / "measured.json").read_text())
    return content["trial"]["metrics"], content["this folder"]


def test_which_number_is_of_which_model(run: Path, tmp_path: Path) -> None:
    decision = decided(run)
    assert decision.best is not None
    onto_base = export_best(decision, tmp_path / "base", merge=True)
    trial, base = numbers(onto_base)
    assert trial == decision.best.metrics
    onto_its_own = export_best(decision, tmp_path / "own", True, "dequantized")
    own = numbers(onto_its_own)[1]
    # what was trained on is what is nearest to what was measured
    distance = abs(own["metrics"]["val_loss"] - trial["val_loss"])
    assert distance < 0.002  # bfloat16
    assert distance < abs(base["metrics"]["val_loss"] - trial["val_loss"])
    assert set(base["metrics"]) >= {"val_loss", "perplexity", "rouge1"}  # all that the sweep does
    card = (onto_base / "README.md").read_text()
    assert f"| Val Loss | {trial['val_loss']:.4f} | {base['metrics']['val_loss']:.4f} |" in card
    said = read_measured(onto_base, ["val_loss"])
    assert f"measure Val Loss {base['metrics']['val_loss']:.4f}" in said
    assert f"NF4 (4 bits): {trial['val_loss']:.4f}" in said
    assert (onto_base / "prompt.json").is_file()


def test_rows_that_changed_are_not_measured(run: Path, tmp_path: Path) -> None:
    data = run.parent / "rows.jsonl"
    kept = data.read_text()
    try:
        data.write_text(kept.replace("Drug 1", "Pill 1"))
        out = export_best(decided(run), tmp_path / "out", merge=True)
    finally:
        data.write_text(kept)
    assert numbers(out)[1]["metrics"] is None
    assert "its data changed" in read_measured(out, ["val_loss"])
    assert "not of the weights in this folder" in (out / "README.md").read_text()


def test_a_staged_trials_policy_is_measured_by_the_rewards_it_was_chosen_by(tmp_path: Path) -> None:
    from sweeps.launch.in_process import run_one, single_trial
    from sweeps.reading.loading import load_spec

    data = {"source": "toy:drugs", "limit": 40, "system_prompt": None}
    learnt = {"learning_rate": 1e-2, "max_steps": 2, "per_device_train_batch_size": 4}
    weights = {"brevity": 3, "reasoning": 1}
    stages = [
        {"name": "answers", "data": data, "training": learnt},
        {
            **{"name": "align", "kind": "ppo", "data": data, "reward": {"weights": weights}},
            "training": {**learnt, "response_length": 8},
        },
    ]
    shared = {name: TRIAL[name] for name in ("lora", "evaluation")}
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, **shared, "stages": stages}
    spec = {"name": "toy", "trial": trial, "limits": {"min_training_rows": 1}}
    spec["search"] = {"objective": {"metric": "reward", "mode": "max"}}
    (tmp_path / "spec.yaml").write_text(yaml.safe_dump(spec))
    loaded = single_trial(load_spec(str(tmp_path / "spec.yaml")), tmp_path, "run")
    run_one(loaded, tmp_path / "run", lambda *_: [], lambda _: None)
    out = export_best(decided(tmp_path / "run"), tmp_path / "out", merge=True)
    trial_metrics, here = numbers(out)
    assert here["not measured, since"] is None
    assert here["metrics"]["reward"] == pytest.approx(trial_metrics["reward"], abs=1e-3)
    assert here["metrics"]["val_loss"] == pytest.approx(trial_metrics["val_loss"], abs=1e-4)
    assert "measure Reward 0." in read_measured(out, ["reward"])
