"""One real sweep of three tiny trials from a cold cache, and what can be done with its folder."""

import csv
import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from medsweep.main import run_app
from tests.medsweep.processes import left_behind, medsweep

SWEEP_FILES = (
    *("spec.yaml", "spec.resolved.json", "environment.json", "data.json"),
    *("trials.csv", "best.json", "report.html", "report.md", "study.db"),
)
TRIAL_FILES = ("config.json", "metrics.jsonl", "record.json")
CHECKPOINT_FILES = ("adapter.safetensors", "optimizer.safetensors", "state.json")
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")


class Finished(NamedTuple):
    """A run that came to its end."""

    cache: Path
    folder: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    root = tmp_path_factory.mktemp("run")
    cache, runs = root / "cache", root / "runs"
    asked = ("search.num_trials=3", "confirm={top: 1, seeds: 2, baselines: false}")
    settings = [word for setting in asked for word in ("--set", setting)]
    done = medsweep(cache, "run", "toy", *settings, "--output", runs)
    assert done.returncode == 0, done.stdout + done.stderr
    yield Finished(cache, runs / "toy", done)
    assert left_behind(cache) == []


def test_it_says_what_it_does(run: Finished) -> None:
    said = run.done.stdout
    assert "3 trials" in said
    assert said.count("starting Ray") == 1  # kept for the confirmation
    assert all(f"EXP-00{n}" in said for n in (1, 2, 3))
    assert re.search(r"step \d+/\d+  val_loss \d", said)
    assert re.search(r"^Best: EXP-00[123]", said, re.MULTILINE)
    assert str(run.folder / "report.html") in said
    assert "Traceback" not in said + run.done.stderr


def test_the_best_is_trained_again_and_the_verdict_is_of_the_new_seeds(run: Finished) -> None:
    best = json.loads((run.folder / "best.json").read_text())
    told = best["confirmed"]["trials"][best["trial"]]
    assert told["seeds"] == [43, 44]
    assert len(told["values"]) == 2
    assert best["confirmed"]["rows"] > 1
    assert f"{best['trial']}/seeds/2: complete" in run.done.stdout
    assert f"Use {best['trial']}, the only one that was trained again." in run.done.stdout
    assert "Caution: each configuration was trained once" not in run.done.stdout
    assert "Trained again with new seeds" in (run.folder / "report.md").read_text()
    again = medsweep(run.cache, "confirm", run.folder, "--seeds", 2)
    assert again.returncode == 0
    assert "started" not in again.stdout


def test_every_file_of_the_run_folder(run: Finished) -> None:
    missing = [name for name in SWEEP_FILES if not (run.folder / name).is_file()]
    assert missing == []
    assert sorted(p.name for p in (run.folder / "trials").iterdir()) == [
        "EXP-001",
        "EXP-002",
        "EXP-003",
    ]
    for trial in (run.folder / "trials").iterdir():
        wanted = [*TRIAL_FILES, *(f"adapter/{name}" for name in ADAPTER_FILES)]
        steps = list((trial / "checkpoint").iterdir())
        assert len(steps) == 1, "one checkpoint is kept"
        wanted += [f"checkpoint/{steps[0].name}/{name}" for name in CHECKPOINT_FILES]
        if _json(trial / "record.json")["state"] == "complete":
            wanted += ["predictions.jsonl", "rows.parquet"]
        assert [name for name in wanted if not (trial / name).is_file()] == []
    bases = list((run.folder / "base").iterdir())
    assert len(bases) == 1
    assert (bases[0] / "record.json").is_file()
    assert (bases[0] / "predictions.jsonl").is_file()
    assert (bases[0] / "rows.parquet").is_file()


def test_records_and_table_agree(run: Finished) -> None:
    rows = _rows(run.folder)
    assert [row["trial"] for row in rows] == ["EXP-001", "EXP-002", "EXP-003"]
    assert rows[0]["label"] == "EXP-01 (Baseline)"
    for row in rows:
        record = _json(run.folder / "trials" / row["trial"] / "record.json")
        assert record["error"] is None
        assert row["state"] == record["state"]
        assert float(row["val_loss"]) == record["metrics"]["val_loss"]
        for path, value in record["parameters"].items():
            assert float(row[path]) == value


def test_best_is_the_lowest_complete_row(run: Finished) -> None:
    best = _json(run.folder / "best.json")
    complete = [row for row in _rows(run.folder) if row["state"] == "complete"]
    lowest = min(complete, key=lambda row: float(row["val_loss"]))
    assert best["trial"] == lowest["trial"]
    assert best["config"]["lora"]["r"] == int(lowest["lora.r"])
    assert (run.folder / best["adapter"] / ADAPTER_FILES[1]).is_file()


def test_training_beat_the_untouched_base(run: Finished) -> None:
    (base,) = (run.folder / "base").glob("*/record.json")
    best = _json(run.folder / "best.json")
    record = _json(run.folder / "trials" / best["trial"] / "record.json")
    assert record["base"] == base.parent.name
    assert record["metrics"]["perplexity"] < _json(base)["metrics"]["perplexity"]


def test_the_report_needs_no_network(run: Finished) -> None:
    html = (run.folder / "report.html").read_text(encoding="utf-8")
    # the scripts' own text mentions addresses; what counts is what a browser would fetch
    tags = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*>", html)
    assert any(tag.startswith("<script") for tag in tags)
    assert [tag for tag in tags if re.search(r"(?:src|href)\s*=\s*[\"']?(?!data:)", tag)] == []
    assert not re.search(r"@import|url\(\s*[\"']?https?:", _styles(html))
    assert all(f"EXP-00{n}" in html for n in (2, 3))


def test_nothing_of_this_machine_is_secret_in_it(run: Finished) -> None:
    environment = _json(run.folder / "environment.json")
    assert environment["packages"]["torch"].startswith("2.")
    assert "MEDSWEEP_CACHE" not in json.dumps(environment), "variables are not recorded"


@pytest.fixture
def cached(run: Finished, monkeypatch: pytest.MonkeyPatch) -> Finished:
    """For verbs that read a finished run: they need no process of their own."""
    monkeypatch.setenv("MEDSWEEP_CACHE", str(run.cache))
    monkeypatch.setenv("COLUMNS", "200")
    return run


def test_status_of_a_finished_run(cached: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["status", str(cached.folder)]) == 0
    said = capsys.readouterr().out
    assert "3 of 3 trials" in said
    assert "resume" not in said


def test_report_can_be_written_elsewhere(cached: Finished, tmp_path: Path) -> None:
    assert run_app(["report", str(cached.folder), "-o", str(tmp_path / "mine.html")]) == 0
    assert (tmp_path / "mine.html").stat().st_size > 100_000


def test_best_exports_what_peft_reads(
    cached: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["best", str(cached.folder), "--export", str(tmp_path / "ship")]) == 0
    assert all((tmp_path / "ship" / name).is_file() for name in ADAPTER_FILES)
    assert _json(cached.folder / "best.json")["trial"] in capsys.readouterr().out


def test_the_name_is_taken(run: Finished) -> None:
    done = medsweep(run.cache, "run", "toy", "--output", run.folder.parent)
    assert done.returncode == 2
    assert f"medsweep resume {run.folder}" in done.stderr


def test_resume_of_a_finished_run_changes_nothing(run: Finished) -> None:
    before = _digests(run.folder)
    done = medsweep(run.cache, "resume", run.folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _digests(run.folder) == before
    assert "started" not in done.stdout


def test_one_trial_without_ray(tmp_path: Path) -> None:
    cache, runs = tmp_path / "cache", tmp_path / "runs"
    done = medsweep(cache, "trial", "toy", "--output", runs, "--set", "trial.training.max_steps=4")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = runs.iterdir()
    record = _json(folder / "trials/EXP-001/record.json")
    assert record["state"] == "complete"
    assert record["steps"] == record["planned_steps"] == 4
    assert "starting Ray" not in done.stdout


def test_a_failing_trial_alone_shows_its_traceback(
    cached: Finished, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("trial.training.max_steps=4", "trial.training.learning_rate=1e30")
    sets = [part for setting in settings for part in ("--set", setting)]
    assert run_app(["trial", "toy", "--output", str(tmp_path / "runs"), *sets]) == 1
    said = capsys.readouterr().err
    assert "diverged" in said or "training loss is" in said


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _styles(html: str) -> str:
    return "".join(re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))


def _digests(folder: Path) -> dict[str, str]:
    """Every file of the ledger itself; what analysis derives from it is written again."""
    derived = {"report.html", "report.md", "study.db", ".lock"}
    paths = (Path(top) / name for top, _, names in os.walk(folder) for name in names)
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.name not in derived
    }
