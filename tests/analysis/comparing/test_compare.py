"""`medsweep compare`: what its sides are, what is paired, and what is not claimed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.comparing.measures import compare_sides, differing
from analysis.comparing.sides import Side, side_of
from analysis.files import RunError
from analysis.report.two_sides import two_sides
from analysis.statistics.crossed import difference
from medsweep.main import run_app
from tests.analysis.selection.test_one_standard_error import with_rows
from tests.analysis.verdict.runs import A, B, C, confirmed
from trainables.evaluation.row_results import parquet_of, table_of


def evaluated(
    file: Path, right: list[float], adapter: str | None = None, texts: str = "q", **settings: Any
) -> Path:
    """Results of `medsweep evaluate`: one benchmark, its accuracy, and ece of all rows at once."""
    ids = [f"{texts}{n}" for n in range(len(right))]
    table = table_of("medqa", ids, ids, ids, {"accuracy": right})
    file.with_name(f"{file.stem}.rows.parquet").write_bytes(parquet_of([table]))
    share = float(np.mean(right))
    measures = {"accuracy": {"value": share, "interval": None, "n": len(ids)}}
    measures["ece"] = {"value": 0.2, "interval": None, "n": len(ids)}
    model: dict[str, Any] = {"name_or_path": "tiny", "device": "cpu"}
    model |= {"adapter": {"folder": adapter, "sha256": "1f"}} if adapter else {}
    asked = {"benchmarks": [{"name": "medqa", "few_shot": 0, **settings}], "system_prompt": None}
    about = {"model": model, "settings": asked, "versions": {}}
    file.write_text(json.dumps({"medqa": measures, "about": about}), encoding="utf-8")
    return file


def sides(*paths: Path) -> tuple[Side, Side]:
    first, second = map(side_of, paths)
    return first, second


def test_two_evaluations_are_paired_question_by_question(tmp_path: Path) -> None:
    one = evaluated(tmp_path / "base.json", [0.0] * 10 + [1.0] * 10)
    two = evaluated(tmp_path / "tuned.json", [1.0] * 19 + [0.0], "ship", few_shot=2)
    found = compare_sides(*sides(one, two)).measures
    assert [c.metric for c in found] == ["medqa_accuracy", "medqa_ece"]
    assert found[0].difference == pytest.approx(0.45)
    assert found[0].p == pytest.approx(2 * 12 / 2**11)  # McNemar's: 10 gained, 1 lost
    assert (found[0].better, found[0].n_rows) == (1, 20)
    assert (found[1].difference, found[1].better) == (None, None)
    differ = differing(*sides(one, two))
    assert differ["medqa.few_shot"] == (0, 2)
    assert "model.device" not in differ
    text = " ".join(two_sides(*sides(one, two)).sentences)
    assert "tiny with ship" in text
    assert "these two models and not of their settings" in text
    assert "medqa_ece: not measured row by row." in text


def test_other_questions_are_shown_and_not_paired(tmp_path: Path) -> None:
    one = evaluated(tmp_path / "a.json", [1.0, 0.0])
    two = evaluated(tmp_path / "b.json", [1.0, 1.0], texts="r")
    found = compare_sides(*sides(one, two)).measures[0]
    assert (found.values, found.difference, found.better) == ((0.5, 1.0), None, None)
    assert "2 rows" in found.why
    assert "same" in found.why


def seeds(level: float, noise: np.random.Generator, hard: Any) -> list[list[float]]:
    return [(level + hard + noise.normal(0, 0.02, 12)).tolist() for _ in range(3)]


def test_trials_with_the_same_new_seeds_are_paired_over_both(tmp_path: Path) -> None:
    noise = np.random.default_rng(3)
    hard = noise.normal(0, 0.4, 12)
    values = {name: seeds(v, noise, hard) for name, v in {A: 2.0, B: 2.2, C: 2.5}.items()}
    run = confirmed(tmp_path / "run", values, rows=True)
    found = compare_sides(*sides(run / B, run / A))
    told = found.measures[0]
    wanted = difference(values[A], values[B], [*range(12)])
    assert wanted is not None
    assert told.difference == pytest.approx(wanted.estimate)
    assert told.interval == pytest.approx(wanted.interval)
    assert (told.n_seeds, told.seeds_seen, told.better) == (3, True, 1)
    text = " ".join(two_sides(*sides(run / B, run / A)).sentences)
    assert f"{A} of {run}, its new seeds 1, 2 and 3." in text
    assert "One training" not in text


def test_other_seeds_are_no_pairs(tmp_path: Path) -> None:
    values = {name: [[2.0, 2.1, v]] for name, v in {A: 2.0, B: 2.2}.items()}
    run = confirmed(tmp_path / "run", values, rows=True)
    config = run / "trials" / A / "seeds/1/config.json"
    written = json.loads(config.read_text())
    written["config"].setdefault("training", {})["seed"] = 99
    config.write_text(json.dumps(written))
    found = compare_sides(*sides(run / A, run / B))
    assert [set(side.runs) for side in (found.first, found.second)] == [{0}, {0}]


def test_what_differs_between_stages_is_told_field_by_field(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with_rows(run, list("abcd"))
    for name, rate in (("EXP-001", 1e-3), ("EXP-002", 1e-2)):
        config = run / "trials" / name / "config.json"
        written = json.loads(config.read_text())
        stages = [{"name": "facts", "training": {"lr": rate, "max_steps": 4}}]
        config.write_text(json.dumps({**written, "config": {"stages": stages, "split": [1]}}))
    differ = differing(*sides(run / "EXP-001", run / "EXP-002"))
    assert differ == {"stages.0.training.lr": (1e-3, 1e-2)}


def test_what_a_path_means(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with_rows(run, list("abcd"))
    assert side_of(run / "trials/EXP-002").what == side_of(run / "EXP-002").what
    assert not side_of(run / "base").trained
    assert side_of(run).name.endswith(("EXP-001", "EXP-002", "EXP-003"))
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "other.json").write_text("{}")
    evaluated(folder / "a.json", [1.0])
    assert side_of(folder).name == "a"
    assert side_of(folder / "a.rows.parquet").name == "a"
    evaluated(folder / "b.json", [1.0])
    with pytest.raises(RunError, match=r"several results \(a.json, b.json\)"):
        side_of(folder)


@pytest.mark.parametrize("place", ["nowhere", "run/EXP-77", "run/base/none", "file.txt", "empty"])
def test_what_is_no_side_is_told(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with_rows(tmp_path / "run", list("abcd"))
    (tmp_path / "file.txt").write_text("[1]")
    (tmp_path / "empty").mkdir()
    good = str(tmp_path / "run/EXP-001")
    assert run_app(["compare", good, str(tmp_path / place)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error ")
    assert place.split("/")[-1] in told


def test_nothing_in_common_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_rows(tmp_path / "run", list("abcd"))
    other = evaluated(tmp_path / "a.json", [1.0])
    assert run_app(["compare", str(tmp_path / "run/EXP-001"), str(other)]) == 2
    assert "no measure in common" in capsys.readouterr().err


def test_the_verb_prints_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    files = [evaluated(tmp_path / f"{n}/results.json", [1.0, 0.0, 1.0]) for n in ("one", "two")]
    assert run_app(["compare", *map(str, files)]) == 0
    shown = capsys.readouterr().out
    assert "not told" in shown
    assert "two/results.json" in shown.replace("\n", "")  # names that are alike: paths
