"""Benchmarks, specialties, data sets, calibration and clinical measures in the report."""

import json
import re
from pathlib import Path

import pytest

from analysis.decision import decided
from analysis.report import write_report
from analysis.report.benchmarks import NO_DIFFERENCE, p_text
from analysis.report.passages import passages
from analysis.report.probability_calibration import accuracy_at, mean_confidence
from analysis.report.provenance import data_facts
from analysis.report.subjects import pool
from analysis.runs import load_run
from tests.analysis import fixtures
from tests.analysis.report.measured import add_benchmarks, add_components, curves, measured, update

PLOTS = re.compile(r'<script type="application/json" data-plot="([^"]+)">(.*?)</script>', re.DOTALL)
BEST = "EXP-04 (3 Epochs)"


@pytest.fixture
def measured_run(run_folder: Path) -> Path:
    add_benchmarks(run_folder)
    return run_folder


def markdown(run: Path) -> str:
    return write_report([decided(run)])[1].read_text(encoding="utf-8")


def row(text: str, start: str, number: int = 0) -> list[str]:
    """The cells of a line of a table, by how it begins."""
    lines = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip().replace("\\", "") for cell in lines[number].strip("|").split("|")]


def test_a_run_without_any_of_it_says_nothing_of_it(run_folder: Path) -> None:
    run = load_run(run_folder)
    assert passages(run, run.find("EXP-004")) == []
    assert passages(run, None) == []


def test_a_benchmark_and_its_paired_difference(measured_run: Path) -> None:
    text = markdown(measured_run)
    _, base, best, n, difference, p, reading = row(text, "MedMCQA Accuracy")[:7]
    assert base.startswith("0.300 [0.219, 0.396")
    assert best.startswith("0.600 [")
    assert n == "100"
    assert difference.startswith("+0.300 [0.2")
    assert (p, reading) == ("&lt;0.001", "better")
    assert row(text, "MedMCQA ECE")[4:7] == ["–", "–", "–"]
    assert row(text, "MedQuAD ROUGE-L")[1:4] == ["0.200", "0.200", "1"]
    assert "Caution: MedMCQA" not in text
    html = (measured_run / "report.html").read_text(encoding="utf-8")
    assert '<td class="better">better</td>' in html


def test_a_difference_that_cannot_be_told(run_folder: Path) -> None:
    add_benchmarks(run_folder)
    path = run_folder / "trials" / "EXP-004" / "predictions.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        if "benchmark" in line:
            i = int(line["id"][1:])
            line["correct"] = i < 28 or 30 <= i < 34  # loses 2, gains 4
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    cells = row(markdown(run_folder), "MedMCQA Accuracy")
    assert cells[4].startswith("+0.020 [−0.0")
    assert cells[5:7] == [f"{2 * (1 + 6 + 15) / 64:.3f}", NO_DIFFERENCE]


def test_a_benchmark_that_steered_the_search(tmp_path: Path) -> None:
    objective = {"metric": "medmcqa_accuracy", "mode": "max"}
    run = fixtures.write_run(tmp_path / "run", objective=objective)
    for number in (1, 4):
        record = json.loads((run / "trials" / f"EXP-00{number}" / "record.json").read_text())
        metrics = {**record["metrics"], "medmcqa_accuracy": number / 10}
        update(run / "trials" / f"EXP-00{number}", metrics=metrics)
    add_benchmarks(run)
    text = markdown(run)
    assert "Caution: MedMCQA Accuracy steered this search." in text
    assert "picked from 4 complete trials, so it looks better than it is" in text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "<0.001"), (0.001, "0.001"), (0.25, "0.250"), (1.0, "1.000")]
)
def test_p_values(p: float, text: str) -> None:
    assert p_text(p) == text


def test_the_largest_subjects_and_the_rest_pooled(measured_run: Path) -> None:
    run = load_run(measured_run)
    found = {p.title: p for p in passages(run, run.find("EXP-004"))}["By specialty"]
    ((heading, table),) = found.tables
    assert heading == "MedMCQA Accuracy"
    names = [line.cells[0].text for line in table.lines]
    assert len(names) == 20
    assert names[:2] == ["Subject 25", "Subject 24"]
    assert names[-1] == "6 other subjects"
    # subjects of 1 to 6 questions: 0+1+1+2+2+3 right of 21
    assert table.lines[-1].cells[1].text == "21"
    assert table.lines[-1].cells[2].text.startswith("0.429 [")


def test_pooling_by_hand() -> None:
    found = {"a": measured(1, 2), "b": measured(2, 8), "c": measured(5, 5)}
    together = pool(found, ["a", "b", "gone"])
    assert together is not None
    assert (together["value"], together["n"]) == (0.3, 10)
    assert list(together["interval"]) == measured(3, 10)["interval"]
    assert pool(found, ["gone"]) is None


def test_calibration_in_words_and_figures(measured_run: Path) -> None:
    html = write_report([decided(measured_run)])[0].read_text(encoding="utf-8")
    text = (measured_run / "report.md").read_text(encoding="utf-8")
    assert row(text, "MedMCQA | Base model")[2:] == [
        *("0.600", "0.100 [0.050, 0.200]", "0.700 [0.600, 0.800]"),
        *("0.300", "0.225", "0.225"),
    ]
    drawn = {name: json.loads(data) for name, data in PLOTS.findall(html)}
    base, best = drawn["run-1-reliability-medmcqa"]["data"]
    assert (base["name"], best["name"]) == ("Base model", BEST)
    assert (best["x"], best["y"]) == ([0.3, 0.9], [0.3, 0.6])  # the empty bin is left out
    risk = drawn["run-1-abstention-medmcqa"]["data"][1]
    assert (risk["x"], risk["y"]) == ([0.5, 1.0], pytest.approx([0.4, 0.55]))


def test_calibration_by_hand() -> None:
    drawn = curves((0.2, 0.8))
    assert mean_confidence(drawn["reliability"]) == pytest.approx(0.6)
    assert [accuracy_at(drawn["abstention"], c) for c in (0.2, 0.5, 0.8)] == [0.8, 0.8, 0.5]


def test_clinical_measures_have_a_section_with_their_meaning(measured_run: Path) -> None:
    text = markdown(measured_run)
    safety = text.partition("## Safety and grounding")[2]
    expected = ["MedQuAD Ungrounded terms", *["0.250 [−0.100, 0.600]"] * 2, "40", "lower"]
    assert row(safety, "MedQuAD Ungrounded") == expected
    assert "- Ungrounded terms: share of the answer's clinical terms" in safety
    assert "docs/clinical.md" in safety
    assert "Ungrounded" not in text.partition("## Safety and grounding")[0]


def test_a_base_model_that_was_not_asked(run_folder: Path) -> None:
    add_benchmarks(run_folder)
    update(run_folder / "base" / fixtures.BASE, benchmarks=None)
    text = markdown(run_folder)
    assert row(text, "MedMCQA Accuracy")[1] == "–"
    assert row(text, f"MedMCQA | {BEST}")[2] == "0.600"
    html = (run_folder / "report.html").read_text(encoding="utf-8")
    drawn = {name: json.loads(data) for name, data in PLOTS.findall(html)}
    assert [t["name"] for t in drawn["run-1-reliability-medmcqa"]["data"]] == [BEST]


WEIGHTS = {
    "EXP-002": {"general": 3, "medmcqa": 1},
    "EXP-004": {"general": 0, "medmcqa": 2},
}
LOSSES = {"base": (3.0, 2.0), "EXP-002": (2.9, 1.5), "EXP-004": (3.4, 1.2)}


def test_train_on_one_measure_on_all(measured_run: Path) -> None:
    add_components(measured_run, LOSSES, WEIGHTS)
    text = markdown(measured_run).partition("## Transfer between data sets")[2]
    assert row(text, "Base model") == ["Base model", "–", "3.000 (6.00)", "2.000 (4.00)"]
    assert row(text, "EXP-02")[1:] == [
        "general 75%, medmcqa 25%",
        "**2.900 (5.80)**",
        "1.500 (3.00)",
    ]
    assert row(text, BEST)[1:] == ["medmcqa 100%", "3.400 (6.80)", "**1.200 (2.40)**"]
    assert "has lost ground on general: validation loss 3.000 before, 3.400 after" in text
    assert row(text, "Base model", 1)[2] == "0.300"
    assert row(text, BEST, 1)[1:3] == ["medmcqa 100%", "0.600"]
    html = (measured_run / "report.html").read_text(encoding="utf-8")
    assert '<td class="number worse">3.400 (6.80)</td>' in html
    assert '<td class="number better">0.600</td>' in html


def test_what_is_not_forgotten_is_said(run_folder: Path) -> None:
    losses = {"base": (3.0, 2.0), "EXP-002": (2.9, 1.9), "EXP-004": (2.8, 1.2)}
    add_components(run_folder, losses)
    text = markdown(run_folder)
    assert "## By data set" in text
    assert "has not forgotten general: validation loss 3.000 before, 2.800 after" in text
    assert row(text.partition("## By data set")[2], "EXP-02")[1] == "all rows"


def test_a_data_set_s_version_is_told_once_and_named_beside_others() -> None:
    one = {"source": "a.csv", "version": "sha256 1", "licence": None}
    assert data_facts([one, dict(one)]) == [("Version", "sha256 1")]
    two = {"source": "b.csv", "version": "sha256 2", "licence": "MIT"}
    assert data_facts([one, two, one]) == [
        ("Version of a.csv", "sha256 1"),
        ("Version of b.csv", "sha256 2"),
        ("Licence of b.csv", "MIT"),
    ]
