"""A sweep's reward model from its spec to its report, in this process."""

import json
from pathlib import Path

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.report import write_report
from sweeps.launch import in_process
from sweeps.reading.loading import load_spec

SPEC = {
    "name": "rm",
    "trial": {
        "kind": "reward",
        "model": {"name_or_path": "toy:llama", "dtype": "float32"},
        "data": {
            "source": "toy:drugs",
            "limit": 60,
            "unseen": [{"source": "toy:drugs", "name": "more", "limit": 20}],
            "system_prompt": None,
        },
        "lora": {"r": 2},
        "training": {"max_steps": 4, "max_length": 96},
    },
    "search": {"objective": {"metric": "pairwise_accuracy", "mode": "max"}},
}


def test_from_spec_to_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(in_process, "quiet_libraries", lambda: None)
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(SPEC), encoding="utf-8")
    loaded = in_process.single_trial(load_spec(file), tmp_path, "rm")
    folder = tmp_path / "rm"
    in_process.run_one(loaded, folder, lambda sweep, place: [], lambda line: None)
    record = json.loads((folder / "trials" / "EXP-001" / "record.json").read_text())
    assert (record["state"], record["kind"], record["engine"]) == ("complete", "reward", "packed")
    wanted = {"pairwise_accuracy", "unseen_pairwise_accuracy", "pairwise_ece", "val_loss"}
    assert wanted <= set(record["metrics"])
    settings = json.loads((folder / "trials/EXP-001/adapter/adapter_config.json").read_text())
    assert settings["task_type"] == "SEQ_CLS"
    (counts,) = json.loads((folder / "data.json").read_text()).values()
    assert counts["unit"] == "pairs"
    assert counts["kept"]["unseen"] == 20
    write_best(decided(folder))
    _, markdown = write_report([decided(folder)])
    text = markdown.read_text()
    assert "## Pairs" in text
    assert "more (unseen)" in text
    assert "Base model" in text
