"""trials.csv, the experiment table, base against best."""

import csv
import json
from dataclasses import replace
from pathlib import Path

from analysis.runs import load_run
from analysis.tables import (
    base_table,
    evaluation_note,
    flashcards_table,
    trials_frame,
    write_trials_csv,
)
from tests.analysis import fixtures


def read_csv(run_folder: Path) -> list[dict[str, str]]:
    path = write_trials_csv(load_run(run_folder))
    assert path == run_folder / "trials.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_has_a_row_a_trial_and_a_column_a_parameter_and_metric(run_folder: Path) -> None:
    rows = read_csv(run_folder)
    assert list(rows[0]) == [
        "trial",
        "label",
        "state",
        "lora.r",
        "training.learning_rate",
        "training.num_train_epochs",
        "lora.target_modules",
        "train_loss",
        "val_loss",
        "perplexity",
        "bits_per_byte",
        "rouge1",
        "rouge2",
        "rougeL",
        "bleu",
        "gpu_peak_gb",
        "minutes",
        "error",
    ]
    assert rows[1]["label"] == "EXP-02"
    assert rows[1]["lora.r"] == "16"
    assert float(rows[1]["training.learning_rate"]) == 2e-4
    assert rows[1]["bleu"] == "0.0662"
    assert [r["state"] for r in rows][4:] == ["stopped", "failed", "failed", "unfinished"]


def test_csv_keeps_awkward_text_and_lists(run_folder: Path) -> None:
    row = read_csv(run_folder)[6]
    assert row["label"] == row["error"] == fixtures.HOSTILE
    assert row["lora.target_modules"] == '["q_proj", "k_proj", "v_proj", "o_proj"]'
    assert row["val_loss"] == ""


def test_whole_numbers_stay_whole_beside_missing_ones(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    fixtures.write_trial(tmp_path, 1, {"lora.r": 8}, {})
    fixtures.write_trial(tmp_path, 2, {"training.num_train_epochs": 2}, {})
    frame = trials_frame(load_run(tmp_path))
    assert frame["lora.r"].tolist() == [8, None]
    assert type(frame["lora.r"].iloc[0]) is int


def test_experiment_table_is_the_flashcards_systems(run_folder: Path) -> None:
    table = flashcards_table(load_run(run_folder), best="EXP-002")
    assert list(table.columns) == [
        "Experiment",
        "r",
        "LR",
        "Epochs",
        "target_modules",
        "Train Loss",
        "Val Loss",
        "ROUGE-1",
        "BLEU",
        "Perplexity",
        "GPU (GB)",
        "Time (min)",
    ]
    written = table.drop(columns="target_modules").iloc[:4].to_numpy().tolist()
    assert written[0] == list(fixtures.FLASHCARDS[0])
    assert written[1] == ["EXP-02 (Best)", *fixtures.FLASHCARDS[1][1:]]
    assert table.loc["EXP-005", "Experiment"] == "EXP-005 (stopped)"
    assert table.loc["EXP-001", "target_modules"] == ["q_proj", "v_proj"]  # not searched there


def test_where_steps_rule_in_every_trial_there_is_no_column_of_epochs(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec(parameters={"lora.r": {"values": [8, 16]}}))
    for number in (1, 2):
        fixtures.write_trial(tmp_path, number, {"lora.r": 8 * number}, {"val_loss": 1.0})
    assert "Epochs" in flashcards_table(load_run(tmp_path)).columns
    for config in tmp_path.glob("trials/*/config.json"):
        content = json.loads(config.read_text())
        content["config"]["training"]["max_steps"] = 30
        config.write_text(json.dumps(content))
    assert "Epochs" not in flashcards_table(load_run(tmp_path)).columns
    searched = {"training.num_train_epochs": 2}
    fixtures.write_trial(tmp_path, 3, searched, {"val_loss": 1.0})
    assert "Epochs" in flashcards_table(load_run(tmp_path)).columns


def test_a_sought_metric_that_the_system_does_not_show_gets_a_column(tmp_path: Path) -> None:
    objective = {"metric": "rougeL", "mode": "max"}
    run = load_run(fixtures.write_run(tmp_path / "run", objective=objective))
    columns = list(flashcards_table(run).columns)
    assert columns[columns.index("Perplexity") + 1] == "ROUGE-L"


def test_base_against_best_is_section_7(run_folder: Path) -> None:
    run = load_run(run_folder)
    trial = run.find("EXP-002")
    lines = base_table(run.base_of(trial), trial)
    assert [c.metric for c in lines][:5] == ["rouge1", "rouge2", "rougeL", "bleu", "perplexity"]
    assert (lines[0].base, lines[0].tuned, round(lines[0].delta, 4)) == (0.3083, 0.2718, -0.0365)
    assert (lines[0].better, lines[4].better) == (False, True)
    assert base_table(None, trial) == base_table(run.base_of(trial), None) == ()


def test_the_note_says_rows_and_limits_and_where_they_differ(run_folder: Path) -> None:
    run = load_run(run_folder)
    trial = run.find("EXP-002")
    base = run.base_of(trial)
    assert base is not None
    note = evaluation_note(base, trial)
    assert "Computed on validation rows, which no test row is among." in note
    assert "300 rows" in note
    assert "100 answers (limit 100), greedy, at most 128 new tokens" in note
    assert "Not comparable" not in note
    other = replace(base, evaluation={**base.evaluation, "max_new_tokens": 64})
    assert "Not comparable as it stands: the base model was measured with max_new_tokens 64" in (
        evaluation_note(other, trial)
    )
