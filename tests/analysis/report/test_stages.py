"""The table of stages: which values stand where, and that both formats show it."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.decision import decided
from analysis.export import model_card
from analysis.report import write_report
from analysis.report.cells import Table
from analysis.report.experiments import curve_points
from analysis.report.stages import stage_table
from analysis.runs import load_run
from analysis.selection import choose
from analysis.tables import parameter_columns
from tests.analysis import fixtures

STAGES = [
    {
        "name": name,
        "metrics": {"val_loss": own, "pubmedqa_accuracy": accuracy, "rouge1": 0.2},
        "val_losses": {"pubmedqa": first, "<b>medqa": second},
    }
    for name, own, first, second, accuracy in (
        ("pubmedqa", 1.1, 1.1, 2.5, 0.7),
        ("<b>medqa", 1.2, 1.4, 1.2, 0.6),
    )
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    spec = fixtures.spec()
    stages = [{"name": "pubmedqa", "data": {"source": "org/a"}}, {"name": "<b>medqa", "data": {}}]
    spec["trial"] = {"kind": "staged", "model": spec["trial"]["model"], "stages": stages}
    fixtures.write_head(tmp_path, spec)
    path = fixtures.write_trial(tmp_path, 1, {}, {"val_loss": 1.2, "minutes": 5.0})
    change(path / "record.json", stages=STAGES)
    config = {**spec["trial"], "lora": {"r": 8}}
    for place, rate in enumerate((1e-3, 2e-3)):
        config["stages"][place]["training"] = {"learning_rate": rate}
    change(path / "config.json", config=config)
    change(tmp_path / "base" / fixtures.BASE / "record.json", val_losses={"pubmedqa": 2.9})
    return tmp_path


def change(file: Path, **fields: Any) -> None:
    fixtures.write_json(file, {**json.loads(file.read_text()), **fields})


def table(folder: Path) -> Table:
    view = load_run(folder)
    found = stage_table(view, view.trials[0])
    assert found is not None
    return found


def test_a_line_a_stage_below_the_base_model(run: Path) -> None:
    found = table(run)
    assert [column.title for column in found.columns] == [
        "After",
        "Val Loss: pubmedqa",
        "Val Loss: <b>medqa",
        "PubMedQA Accuracy",
    ]
    assert [[cell.text for cell in line.cells] for line in found.lines] == [
        ["Base model", "2.9000", "1.6569", "–"],
        ["1. pubmedqa", "1.1000", "2.5000", "0.7000"],
        ["2. <b>medqa", "1.4000", "1.2000", "0.6000"],
    ]
    tops = [[cell.emphasis == "top" for cell in line.cells[1:]] for line in found.lines]
    assert tops == [[False] * 3, [True, False, True], [False, True, False]]


KINDS = [
    {
        "name": "facts",
        "kind": "sft",
        "metrics": {"val_loss": 1.1, "pubmedqa_accuracy": 0.5},
        "val_losses": {"facts": 1.1, "align": 2.2},
        "shared_from": "EXP-000",
        "shared_seconds": 120.0,
    },
    {
        "name": "prefer",
        "kind": "reward",
        "metrics": {"val_loss": 0.6, "pairwise_accuracy": 0.8},
        "val_losses": {},
    },
    {
        "name": "align",
        "kind": "ppo",
        "metrics": {"val_loss": 2.3, "pubmedqa_accuracy": 0.6, "reward": 0.7, "kl": 3.0},
        "val_losses": {"facts": 1.2, "align": 2.3},
    },
]


def test_stages_of_other_kinds_have_what_they_are_measured_by(run: Path) -> None:
    base = run / "base" / fixtures.BASE / "record.json"
    change(base, val_losses={"facts": 2.9}, metrics={"val_loss": 3.1, "reward": 0.4})
    change(run / "trials" / "EXP-001" / "record.json", stages=KINDS, shared_seconds=120.0)
    found = table(run)
    assert [[cell.text for cell in line.cells] for line in found.lines] == [
        ["Base model", "2.9000", "3.1000", "–", "–", "0.4000", "–"],
        ["1. facts (sft)", "1.1000", "2.2000", "0.5000", "–", "–", "–"],
        ["2. prefer (reward)", "–", "–", "–", "0.8000", "–", "–"],
        ["3. align (ppo)", "1.2000", "2.3000", "0.6000", "–", "0.7000", "3.00"],
    ]
    titles = [column.title for column in found.columns]
    assert titles[1:3] == ["Val Loss: facts", "Val Loss: align"]
    assert titles[4:] == ["Pairwise Accuracy", "Reward", "KL"]
    assert "facts by EXP-000" in (found.note or "")


def test_time_that_another_trial_spent_is_counted_once(run: Path) -> None:
    assert "5.0 min" in write_report([decided(run)])[0].read_text(encoding="utf-8")
    change(run / "trials" / "EXP-001" / "record.json", shared_seconds=120.0)
    assert "3.0 min" in write_report([decided(run)])[0].read_text(encoding="utf-8")


def test_without_stages_there_is_no_table(run_folder: Path) -> None:
    view = load_run(run_folder)
    assert stage_table(view, view.trials[0]) is None
    assert stage_table(view, None) is None
    assert "After each stage" not in write_report([decided(run_folder)])[1].read_text(
        encoding="utf-8"
    )


def test_a_trial_without_a_measured_base_still_has_its_stages(run: Path) -> None:
    (run / "base" / fixtures.BASE / "record.json").unlink()
    found = table(run)
    assert [cell.text for cell in found.lines[0].cells] == ["Base model", "–", "–", "–"]


def test_both_formats_show_it(run: Path) -> None:
    html, markdown = (file.read_text(encoding="utf-8") for file in write_report([decided(run)]))
    assert "<h2>After each stage</h2>" in html
    assert "2. &lt;b&gt;medqa" in html
    assert "## After each stage" in markdown
    assert "| 1. pubmedqa | **1.1000** | 2.5000 | **0.7000** |" in markdown
    assert "Data: org/a → &lt;b&gt;medqa" in markdown


def test_the_model_card_names_the_stages(run: Path) -> None:
    view = load_run(run)
    choice = choose(view.trials, view.search)
    assert choice is not None
    card = model_card(view, choice, merged=False, tokenizer=True)
    assert "on `org/a → &lt;b>medqa`" in card
    assert "| `stages.1.training.learning_rate` | 0.002 |" in card


def test_curves_of_staged_trials_go_by_step(run: Path) -> None:
    change(run / "trials" / "EXP-001" / "record.json", kind="staged")
    (trial,) = load_run(run).trials
    points = curve_points(trial, "val_loss")
    assert len(points) > 3
    assert {epoch for _, epoch, _ in points} == {None}


def test_the_experiments_have_no_columns_of_fields_that_stages_have(run: Path) -> None:
    assert next(iter(parameter_columns(load_run(run)))) == "lora.r"
    spec = json.loads((run / "spec.resolved.json").read_text())
    rates = {"values": [1e-3, 2e-3]}
    paths = {"stages.0.training.learning_rate": rates, "stages.1.training.learning_rate": rates}
    change(run / "spec.resolved.json", search={**spec["search"], "parameters": paths})
    assert list(parameter_columns(load_run(run))) == ["lora.r", *paths]
    change(run / "spec.resolved.json", trial={**spec["trial"], "kind": "sft"})
    assert "training.num_train_epochs" in parameter_columns(load_run(run))
