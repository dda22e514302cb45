"""QLoRA, LoRA and all weights in one sweep on the toy model: records, choice, export, report."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.export import export_best
from analysis.report import write_report
from sweeps.launch.in_process import run_one
from sweeps.presets.find import presets
from sweeps.reading.loading import load_spec
from tests.sweeps.reading.test_whole_sections import BASELINES, COMPARED

TOY, LORA = 107_200, {"r": 16, "lora_alpha": 32}
Q_AND_V = 2 * 16 * (64 + 64 + 64 + 32)  # layers, rank, inputs and outputs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("methods")
    assert "toy" in presets()
    settings = {
        "trial.model.dtype": "float32",
        "trial.data.limit": 40,
        "trial.lora": LORA,
        "trial.training.max_steps": 4,
        "trial.training.learning_rate": 1e-3,
        "trial.evaluation.limit": 2,
        "trial.evaluation.max_new_tokens": 4,
        "search": {"parameters": COMPARED, "baselines": BASELINES, "num_trials": 3},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDSWEEP_CACHE", str(root / "cache"))
        loaded = load_spec("toy", [f"{k}={json.dumps(v)}" for k, v in settings.items()])
        run_one(loaded, root / "run", lambda *_: [], lambda _: None)
        yield root / "run"


def record(run: Path, number: int) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / f"trials/EXP-00{number}/record.json").read_text())
    return content


def test_every_method_completes_and_counts_what_it_trains(run: Path) -> None:
    found = [record(run, number) for number in (1, 2, 3)]
    assert [r["state"] for r in found] == ["complete"] * 3
    assert [r["label"] for r in found] == ["QLoRA", "LoRA", "Full"]
    assert [r["trainable_parameters"] for r in found] == [Q_AND_V, Q_AND_V, TOY]
    assert [r["total_parameters"] for r in found] == [TOY] * 3
    assert [r["trained_bytes"] for r in found] == [4 * Q_AND_V, 4 * Q_AND_V, 4 * TOY]
    assert [r["optimizer_bytes"] for r in found] == [8 * Q_AND_V, 8 * Q_AND_V, 8 * TOY]
    assert len({r["tokens"] for r in found}) == 1
    quantized, plain, full = (r["predicted_peak_gb"] for r in found)
    assert quantized < plain < full


def test_all_weights_are_kept_as_a_model(run: Path) -> None:
    full, lora = run / "trials/EXP-003", run / "trials/EXP-002"
    assert sorted(f.name for f in (full / "model").iterdir()) == [
        "config.json",
        "model.safetensors",
    ]
    assert not (full / "adapter").exists()
    assert not (lora / "model").exists()
    (step,) = (full / "checkpoint").iterdir()
    names = {"adapter.safetensors", "optimizer.safetensors", "state.json"}
    assert {f.name for f in step.iterdir()} == names


def test_the_export_of_all_weights_loads_in_transformers(run: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    best = write_best(decided(run))
    assert best is not None
    assert best["trial"] == "EXP-003"  # all weights learn most in four steps
    assert best["model"] == "trials/EXP-003/model"
    assert best["adapter"] is None
    folder = export_best(decided(run), tmp_path / "ship")
    model = AutoModelForCausalLM.from_pretrained(folder)
    kept = load_file(run / "trials/EXP-003/model/model.safetensors")
    own = dict(model.named_parameters())
    assert kept.keys() == own.keys()
    assert all(torch.equal(kept[name], own[name]) for name in kept)
    assert AutoTokenizer.from_pretrained(folder).encode("ok")
    assert not list(folder.glob("adapter*"))
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "Fine-tuning of all weights" in card
    assert "library_name: transformers" in card
    assert "lora" not in card.split("---")[1]


def test_the_report_compares_parameter_efficiency(run: Path) -> None:
    html, markdown = write_report([decided(run)])
    text = markdown.read_text(encoding="utf-8")
    section = text.split("## Parameter efficiency")[1].split("\n## ")[0]
    assert f"| QLoRA | LoRA on nf4 | {Q_AND_V:,} (6.69%) |" in section
    assert f"| LoRA | LoRA | {Q_AND_V:,} (6.69%) |" in section
    assert f"| Full (Best) | all | {TOY:,} (100.00%) | 0.43 MB | 0.86 MB | ≈" in section
    assert "predicted by the memory model" in section
    assert "<h2>Parameter efficiency</h2>" in html.read_text(encoding="utf-8")
