"""What is wrong is said to the person who can mend it, with exit code 2, before anything starts."""

import json
import os
from pathlib import Path

import pytest

from medsweep.main import run_app
from sweeps.reading.loading import load_spec

NUM_TRIALS = "search.num_trials=3"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "toi"], ["toi", "Did you mean `toy`", "Presets: clinical-decision-support"]),
        (["run", "no/such/file.yaml"], ["no/such/file.yaml", "Presets: clinical-decision-support"]),
        (["run", "toy", "--name", "../x"], ["name", "../x", "slash"]),
        (["run", "toy", "--name", "a b"], ["name", "a b", "letters, digits"]),
        (["run", "toy", "--name", "x" * 65], ["name", "65 characters", "at most 64"]),
        (["run", "toy", "--set", "search.num_trials=0"], ["--set: search.num_trials", "got 0"]),
        (["run", "toy", "--set", "search.num_trials"], ["--set", "search.num_trials"]),
        (["run", "toy", "--set", "budget.hours=3"], ["budget", "not available yet"]),
        (
            ["run", "toy", "--set", "trial.training.learning_rat=1"],
            ["learning_rat", "`learning_rate`"],
        ),
        (["trial", "toy", "--set", "trial.lora.r=0"], ["trial.lora.r", "got 0"]),
        (["plan", "toy", "--set", "trial.lora.r=0"], ["trial.lora.r", "got 0"]),
        (["init", "toi"], ["toi", "Did you mean `toy`"]),
        (["status", "."], ["not a run"]),
        (["report", "."], ["not a run"]),
        (["best", "."], ["not a run"]),
        (["resume", "."], ["not a run"]),
        (["resume", "nowhere"], ["nowhere", "not a run"]),
    ],
)
def test_exit_2_and_the_fix(
    arguments: list[str], said: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run_app(arguments) == 2
    shown = capsys.readouterr()
    assert [part for part in said if part not in shown.err] == [], shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == [], "nothing is written for a spec that is refused"


def test_all_problems_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(
        "name: bad\n"
        "trial:\n"
        "  model: {name_or_path: toy:llama}\n"
        "  data: {source: toy:drugs}\n"
        "  training: {learning_rat: 1e-3}\n"
        "search:\n"
        "  parameters:\n"
        "    lora.r: {values: []}\n"
        "    lora.lora_alpha: {min: 4, max: 2}\n"
        "  objective: {metric: accuracy, mode: max}\n"
        "  num_trials: 0\n"
    )
    assert run_app(["run", str(file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [f":{line}:" in text for line, text in zip((5, 8, 9, 10, 11), lines, strict=False)] == (
        [True] * 5
    ), lines
    assert lines[-1] == "5 problems; nothing was started."


def test_a_secret_is_never_shown(capsys: pytest.CaptureFixture[str]) -> None:
    secret = "hf_" + "a1B2" * 8
    assert run_app(["run", "toy", "--set", f"trial.data.source={secret}"]) == 2
    shown = capsys.readouterr()
    assert secret not in shown.out + shown.err
    assert "hf_***" in shown.err
    assert "HF_TOKEN" in shown.err


def test_existing_name_says_resume(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "toy"
    folder.mkdir(parents=True)
    (folder / "spec.resolved.json").write_text("{}")
    assert run_app(["run", "toy"]) == 2
    said = capsys.readouterr().err
    assert "medsweep resume runs/toy" in said
    assert "--name" in said


def test_a_run_of_another_version_is_told_by_its_field(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    written = load_spec("toy").spec.model_dump(mode="json")
    written["search"]["retired"] = 1
    (tmp_path / "spec.resolved.json").write_text(json.dumps(written))
    for verb in ("resume", "report", "status"):
        assert run_app([verb, str(tmp_path)]) == 2
        said = capsys.readouterr().err
        assert "spec.resolved.json: search.retired: is not a known key" in said
        assert "Another version of medsweep wrote it" in said
    written["search"].pop("retired")
    written["trial"]["lora"]["retired"] = 1
    (tmp_path / "spec.resolved.json").write_text(json.dumps(written))
    assert run_app(["resume", str(tmp_path)]) == 2
    assert "trial.lora.retired: is not a known key" in capsys.readouterr().err
    assert run_app(["status", str(tmp_path)]) == 0  # only shown, so no reason to refuse


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_output_without_permission(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert run_app(["run", "toy", "--output", str(closed / "runs")]) == 2
    assert "--output" in capsys.readouterr().err


def test_output_that_cannot_be_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run_app(["run", "toy", "--output", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "--output" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frobnicate"], "frobnicate"),
        (["run"], "SPEC"),
        (["run", "toy", "--no-such-option"], "--no-such-option"),
        (["resume", "x", "--num-trials", "many"], "--num-trials"),
    ],
)
def test_a_command_that_cannot_be_read(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(arguments) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err
