"""The table of parameter efficiency: when it is shown, and what its cells say."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.report.cells import Table
from analysis.report.efficiency import efficiency_table
from analysis.runs import load_run
from tests.analysis import fixtures

FACTS = {
    "trainable_parameters": 2_252_800,
    "total_parameters": 1_100_048_384,
    "trained_bytes": 9_011_200,
    "optimizer_bytes": 18_022_400,
    "tokens": 600_000,
    "seconds": {"train": 300.0, "evaluate": 60.0},
}
FULL = {"trainable_parameters": 1_100_048_384, "trained_bytes": 4_400_193_536}


def write(folder: Path, number: int, lora: Any = "as it is", **facts: Any) -> None:
    metrics = {"val_loss": 0.5 + number / 10, "bleu": number / 100, "minutes": 5.0}
    path = fixtures.write_trial(folder, number, {}, metrics)
    record = json.loads((path / "record.json").read_text())
    fixtures.write_json(path / "record.json", {**record, **FACTS, **facts})
    config = json.loads((path / "config.json").read_text())
    if lora is None:
        config["config"] |= {"lora": None}
        config["config"]["model"]["quantization"] = "none"
    fixtures.write_json(path / "config.json", config)


def table(folder: Path) -> Table | None:
    run = load_run(folder)
    return efficiency_table(run, run.trials[0])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    fixtures.write_head(tmp_path, fixtures.spec())
    write(tmp_path, 1)
    return tmp_path


def texts(found: Table, line: int) -> dict[str, str]:
    pairs = zip(found.columns, found.lines[line].cells, strict=True)
    return {column.title: cell.text for column, cell in pairs}


def test_a_line_a_trial(run: Path) -> None:
    write(run, 2, lora=None, predicted_peak_gb=19.82, **FULL)
    found = table(run)
    assert found is not None
    assert texts(found, 0) == {
        "Experiment": "EXP-001 (Best)",
        "Weights": "LoRA on nf4",
        "Trainable": "2,252,800 (0.20%)",
        "Trained": "9.01 MB",
        "Optimizer": "18.02 MB",
        "Memory": "–",
        "Time (min)": "5.0",
        "Tokens/s": "2,000",
        "Val Loss": "0.6000",
        "BLEU": "0.0100",
    }
    full = texts(found, 1)
    assert (full["Weights"], full["Trained"]) == ("all", "4.40 GB")
    assert full["Trainable"] == "1,100,048,384 (100.00%)"
    assert full["Memory"] == "≈ 19.82 GB"
    assert "≈: predicted" in found.note
    assert [line.kind for line in found.lines] == ["chosen", "complete"]
    emphasis = [line.cells[-2].emphasis for line in found.lines]
    assert emphasis == ["top", ""]  # of the validation loss the lower


def test_trials_that_train_the_same_are_not_compared(run: Path) -> None:
    write(run, 2)
    assert table(run) is None


def test_another_engine_is_a_difference(run: Path) -> None:
    write(run, 2, engine="packed")
    found = table(run)
    assert found is not None
    assert "In a pack" in found.note
    assert [texts(found, line)["Engine"] for line in (0, 1)] == ["isolated", "packed"]
    assert "predicted" not in found.note


def test_measured_memory_goes_before_predicted(run: Path) -> None:
    write(run, 2, trainable_parameters=1)
    path = run / "trials/EXP-002/record.json"
    record = json.loads(path.read_text())
    record["predicted_peak_gb"] = 9.0
    record["metrics"]["gpu_peak_gb"] = 3.51
    path.write_text(json.dumps(record))
    found = table(run)
    assert found is not None
    assert texts(found, 1)["Memory"] == "3.51 GB"


def test_records_of_older_versions_have_no_such_facts(run_folder: Path) -> None:
    assert table(run_folder) is None
