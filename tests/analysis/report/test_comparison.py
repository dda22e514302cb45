"""Several runs beside each other: winners on shared rows, specs, all trials."""

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.decision import decided
from analysis.report import write_report
from analysis.report.comparison import spec_differences
from analysis.runs import load_run
from analysis.tables import curves_frame
from tests.analysis import fixtures
from tests.analysis.selection.test_one_standard_error import with_rows
from tests.analysis.verdict.runs import A, B, C, confirmed
from trainables.evaluation.row_results import VALIDATION, parquet_of, table_of


def compared(*folders: Path) -> str:
    html, markdown = write_report([decided(folder) for folder in folders])
    for title in ("What differs between the specs", "All trials"):
        assert f"<h2>{title}</h2>" in html.read_text(encoding="utf-8")
    return markdown.read_text(encoding="utf-8")


def test_the_file_is_named_after_the_runs(run_folder: Path, tmp_path: Path) -> None:
    others = [fixtures.write_run(tmp_path / f"r{n}") for n in range(5)]
    first = write_report([decided(run_folder), decided(others[0])])[0]
    assert first.name == f"comparison-{run_folder.name}-r0.html"
    many = write_report([decided(run_folder), *map(decided, others)])[0]
    assert many.name == f"comparison-{run_folder.name}-r0-r1-r2-and-2-more.html"


def test_what_differs_between_the_specs(run_folder: Path, tmp_path: Path) -> None:
    other = fixtures.write_run(tmp_path / "other", sampler="random", num_trials=12)
    text = compared(run_folder, other)
    assert "| search.sampler | tpe | random |" in text
    assert "| search.num_trials | 8 | 12 |" in text
    assert "| search.seed |" not in text
    same, table = spec_differences([load_run(run_folder)] * 2)
    assert (same, table) == (("The specs say the same but for their names.",), ())


def test_a_field_of_one_spec_alone(run_folder: Path, tmp_path: Path) -> None:
    other = fixtures.write_run(tmp_path / "other")
    spec = json.loads((other / "spec.resolved.json").read_text())
    spec["trial"]["lora"]["use_rslora"] = True
    (other / "spec.resolved.json").write_text(json.dumps(spec))
    assert "| trial.lora.use_rslora | not there | true |" in compared(run_folder, other)


def test_all_trials_are_in_one_table(run_folder: Path, tmp_path: Path) -> None:
    other = fixtures.write_run(tmp_path / "other", selection={"rule": "balanced"})
    text = compared(run_folder, other).split("## All trials")[1].split("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| flashcards |")]
    assert len(rows) == 16
    assert sum("(Best)" in row for row in rows) == 2
    assert sum("**0.6565**" in row for row in rows) == 2


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ("abcd", "cannot be told apart in Val Loss: "),
        ("abce", "cannot be paired"),
    ],
)
def test_winners_are_paired_where_their_rows_are_the_same(
    ids: str, said: str, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        with_rows(tmp_path / name, list("abcd"))
    nats = [4.4, 3.9, 3.5, 4.2]  # EXP-002 of the other run: as good in all
    counts = {"nats": nats, "tokens": [4.0] * 4, "bytes": [9.0] * 4}
    table = table_of(VALIDATION, list(ids), list(ids), list(ids), counts)
    (tmp_path / "two/trials/EXP-002/rows.parquet").write_bytes(parquet_of([table]))
    assert said in compared(tmp_path / "one", tmp_path / "two")


def test_a_clear_difference_has_its_interval(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with_rows(tmp_path / name, list("abcd"))
    counts = {"nats": [1.0, 1.4, 0.6, 1.3], "tokens": [4.0] * 4, "bytes": [9.0] * 4}
    table = table_of(VALIDATION, list("abcd"), list("abcd"), list("abcd"), counts)
    (tmp_path / "two/trials/EXP-002/rows.parquet").write_bytes(parquet_of([table]))
    text = compared(tmp_path / "one", tmp_path / "two")
    assert "one's EXP-002 is worse than" in text
    assert "4 rows that both were judged on, a run of each: another seed may turn it)" in text


def test_winners_that_were_confirmed_are_compared_over_their_new_seeds(tmp_path: Path) -> None:
    noise, hard = np.random.default_rng(4), np.linspace(1.0, 3.0, 12)
    for name in ("one", "two"):
        values = {
            trial: [(hard + lead + noise.normal(0, 0.05, 12)).tolist() for _ in range(3)]
            for trial, lead in {A: 0.0, B: 0.5, C: 0.9}.items()
        }
        confirmed(tmp_path / name, values, rows=True)
    text = compared(tmp_path / "one", tmp_path / "two")
    assert "12 rows that both were judged on, 3 new seeds of each)" in text


def test_runs_of_earlier_versions_have_no_rows(run_folder: Path, tmp_path: Path) -> None:
    other = fixtures.write_run(tmp_path / "other")
    assert "neither has Val Loss row by row" in compared(run_folder, other)


def test_curves_are_a_table(run_folder: Path) -> None:
    run = load_run(run_folder)
    frame = curves_frame(run)
    assert list(frame.columns[:4]) == ["trial", "label", "state", "step"]
    assert len(frame) == sum(len(t.curve) for t in run.trials)
    first = frame[frame.trial == "EXP-001"]
    assert first.step.tolist() == [line["step"] for line in run.find("EXP-001").curve]
