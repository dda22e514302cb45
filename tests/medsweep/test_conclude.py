"""What follows the last trial: all files of the analysis from one reading and one choice."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from analysis.runs import Run
from analysis.selection import RULES
from medsweep.conduct import conclude
from medsweep.main import run_app
from tests.analysis import fixtures

WRITTEN = ("trials.csv", "best.json", "study.db", "report.html", "report.md")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each run that is loaded and each choice that is made, in order."""
    told: list[str] = []

    def noted(word: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*values: Any, **more: Any) -> Any:
            told.append(word)
            return function(*values, **more)

        return wrapper

    monkeypatch.setattr(Run, "__init__", noted("loaded", Run.__init__))
    monkeypatch.setitem(RULES, "objective", noted("chosen", RULES["objective"]))
    # the report asks what other rules would choose, which chooses nothing
    monkeypatch.setattr("analysis.report.other_rules.alternatives", lambda *_: [])
    return told


def test_a_finished_run_is_loaded_and_chosen_in_once(tmp_path: Path, done: list[str]) -> None:
    folder = fixtures.write_run(tmp_path / "run")
    console = Console(file=StringIO(), width=300)
    view: Any = SimpleNamespace(console=console, say=console.print)
    assert conclude(folder, view) == 0
    assert done == ["loaded", "chosen"]
    assert all((folder / name).is_file() for name in WRITTEN)
    assert "Best: EXP-004" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "loss", "said"),
    [
        ("A sound answer on fever.", 0.6, "Ship it"),
        ("ate ate ate ate ate ate", 0.6, "Heed the cautions before you ship it"),
        ("A sound answer on fever.", 9.0, "Heed the cautions before you ship it"),
    ],
)
def test_nobody_is_told_to_ship_what_is_worthless(
    answer: str, loss: float, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    fixtures.write_head(folder, fixtures.spec())
    for number in (1, 2):
        metrics = {"val_loss": loss + 0.1 * number}
        trial = fixtures.write_trial(folder, number, {"lora.r": number}, metrics)
        lines = [{"prediction": answer, "reference": "Something else."}] * 4
        (trial / "predictions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    console = Console(file=StringIO(), width=300)
    view: Any = SimpleNamespace(console=console, say=console.print)
    assert conclude(folder, view) == 0
    assert f"\n{said}: medsweep best" in console.file.getvalue()  # type: ignore[attr-defined]


def test_so_do_the_verbs_report_and_best(tmp_path: Path, done: list[str]) -> None:
    folder = fixtures.write_run(tmp_path / "run")
    for arguments in (["report"], ["best"]):
        done.clear()
        assert run_app([*arguments, str(folder)]) == 0
        assert done == ["loaded", "chosen"]
