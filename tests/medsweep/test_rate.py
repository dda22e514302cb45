"""`medsweep rate`, from the run folder to the report and back."""

import csv
import io
import json
from pathlib import Path

import pytest

from medsweep.main import run_app
from tests.analysis import fixtures


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return str(fixtures.write_run(tmp_path / "run"))


def _fill(path: Path, values: dict[str, str]) -> None:
    text = path.read_text(encoding="utf-8-sig")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";")
    writer.writerow(header)
    for row in rows:
        writer.writerow([values.get(n, c) for n, c in zip(header, row, strict=True)])
    path.write_text(stream.getvalue(), encoding="utf-8")


def test_pairs_and_sheet_are_read_back_and_reported(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["rate", "pairs", run, "--n", "4", "-o", "pairs.csv"]) == 0
    arguments = ["--source", "best", "--source", "base", "--source", "reference"]
    assert run_app(["rate", "sheet", run, *arguments, "--output", "sheet.csv"]) == 0
    told = capsys.readouterr().out
    assert "pairs.csv: 4 rows" in told
    assert "sheet.csv: 15 rows" in told
    assert "Educational use only, not medical advice" in told
    assert len(list((tmp_path / "run" / "ratings").glob("*.key.json"))) == 2
    _fill(tmp_path / "pairs.csv", {"choice": "tie"})
    scores = {"accuracy": "4", "harm": "1", "hallucination": "2", "usability": "3"}
    _fill(tmp_path / "sheet.csv", scores)
    assert run_app(["rate", "read", run, "pairs.csv", "sheet.csv"]) == 0
    shown = capsys.readouterr().out
    assert "EXP-04 (3 Epochs) against base model" in shown
    assert "50.0% (50.0% to 50.0%)" in shown
    assert run_app(["report", run]) == 0
    for name in ("report.md", "report.html"):
        text = (tmp_path / "run" / name).read_text(encoding="utf-8")
        assert "Ratings by people" in text
        assert "4.00 (4.00 to 4.00)" in text
    results = json.loads((tmp_path / "run" / "ratings" / "results.json").read_text())
    assert [form["kind"] for form in results["forms"].values()] == ["pairs", "sheet"]


def test_another_trial_may_stand_on_either_side(run: str, tmp_path: Path) -> None:
    path = tmp_path / "run/trials/EXP-002/predictions.jsonl"
    path.write_text(path.read_text().replace('"prediction": "', '"prediction": "Well, '))
    arguments = ["--trial", "EXP-002", "--against", "EXP-04 (3 Epochs)", "-o", "p.csv"]
    assert run_app(["rate", "pairs", run, *arguments]) == 0
    (key,) = (tmp_path / "run" / "ratings").glob("*.key.json")
    assert json.loads(key.read_text())["sources"] == ["EXP-002", "EXP-004"]


def test_mistakes_are_told(run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["rate", "pairs", run, "--trial", "EXP-9", "-o", "p.csv"]) == 2
    assert "no trial 'EXP-9'. Use best or one of: EXP-001" in capsys.readouterr().err
    assert run_app(["rate", "pairs", run, "-o", "p.csv"]) == 0
    _fill(tmp_path / "p.csv", {"choice": "C"})
    capsys.readouterr()
    assert run_app(["rate", "read", run, "p.csv"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == (
        "error p.csv: row 2, column choice: 'C' is not A, B or tie. Correct it, or empty the cell."
    )
    assert lines[-1] == "5 problems; nothing was written."
    assert run_app(["rate", "read", run, "absent.csv"]) == 2
    assert "absent.csv" in capsys.readouterr().err


def test_no_report_section_without_ratings(run: str, tmp_path: Path) -> None:
    assert run_app(["report", run]) == 0
    assert "Ratings by people" not in (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
