"""`medsweep effects`: of a run, and of a table of experiments."""

from pathlib import Path

import pytest

from medsweep.main import run_app
from tests.analysis import fixtures
from tests.analysis.effects.test_csv_tables import FLASHCARDS
from tests.analysis.verdict.runs import A, B, C, confirmed


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["effects", str(FLASHCARDS)]) == 0
    shown = capsys.readouterr().out
    assert "Best: EXP-02 (Best)" in shown
    assert "trained once, with one seed" in shown
    assert "lora.r was never changed without training.num_train_epochs" in shown


def test_a_run_and_its_best(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fixtures.write_run(tmp_path / "run")
    assert run_app(["effects", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "4 trials (2 failed, 1 stopped, 1 unfinished) are left out." in shown
    assert run_app(["best", str(folder)]) == 0
    assert "lora.r was never changed without" in capsys.readouterr().out


def test_a_numbered_effect_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        f"{r},{m},{0.7 - 0.01 * (r == 16) + 0.0004 * ((i * 7) % 5)},{2 + r / 8}"
        for i, (r, m) in enumerate([(8, "a"), (16, "a"), (8, "b"), (16, "b")] * 3)
    ]
    heads = "r,Optim,val_loss,gpu_peak_gb,seed"
    lines = [f"{row},{i // 4}" for i, row in enumerate(rows)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join([heads, *lines]), encoding="utf-8")
    assert run_app(["effects", str(path), "--metric", "val_loss", "--parameter", "Optim"]) == 0
    shown = capsys.readouterr().out
    assert "lora.r 8 to 16: Val Loss −0.0" in shown
    assert "; memory +1.000 ± 0.000 GB." in shown
    assert "−0.0000" not in shown
    assert "Parameter" in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["effects", "nowhere"], "not a run"),
        (["effects", "RUN", "--metric", "bleu"], "are for a CSV"),
    ],
)
def test_bad_input(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(tmp_path) if a == "RUN" else a for a in arguments]
    assert run_app(given) == 2
    assert told in capsys.readouterr().err


def test_a_table_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "table.csv"
    path.write_text("gamma,val_loss\n1,good\n", encoding="utf-8")
    assert run_app(["effects", str(path)]) == 2
    told = capsys.readouterr().err
    assert "columns 'gamma'" in told
    assert "'good' is not a number" in told


def test_a_run_without_trials(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    assert run_app(["effects", str(tmp_path)]) == 1
    assert "No trial could be chosen" in capsys.readouterr().out


def test_a_confirmed_run_has_one_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = {A: [0.60, 0.68, 0.64], B: [0.66, 0.65, 0.69], C: [0.65, 0.62, 0.67]}
    folder = str(confirmed(tmp_path / "run", values))
    for verb in ("best", "effects"):
        assert run_app([verb, folder]) == 0
        shown = capsys.readouterr().out
        assert "Use EXP-01 (Baseline): " in shown  # the search alone had another
        assert "medsweep confirm RUN" not in shown


def test_a_tie_is_none_s_win(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "run"
    fixtures.write_head(folder, fixtures.spec())
    for number in (1, 2, 3):
        fixtures.write_trial(folder, number, {"lora.r": 8 * number}, {"val_loss": 1.0})
    for verb in ("best", "effects"):
        assert run_app([verb, str(folder)]) == 0
        assert "Tied: no trial is the best" in capsys.readouterr().out
