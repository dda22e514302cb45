"""`medsweep chat` on a sweep of the toy model: in the terminal, and the page where Gradio is."""

import builtins
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from analysis.chat_sessions import opened_trial
from medsweep.chat_page import both, page
from medsweep.main import run_app

NOTICE = "Educational use only, not medical advice"
EXAMPLES = '["What is amoxil?", "What is the capital of France?"]'


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One short trial of the toy preset, with examples."""
    folder = tmp_path_factory.mktemp("chat")
    settings = (
        f"trial.evaluation.examples={EXAMPLES}",
        "trial.training.max_steps=4",
        "trial.evaluation.max_new_tokens=12",
        "trial.evaluation.limit=4",
    )
    sets = [part for setting in settings for part in ("--set", setting)]
    arguments = ["trial", "toy", *sets, "--output", str(folder), "--name", "toy-chat"]
    assert run_app(arguments) == 0
    return folder / "toy-chat"


def _predicted(run: Path, name: str) -> str:
    (path,) = run.glob(f"{name}/*/predictions.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return next(row["prediction"] for row in rows if row["id"] == "example-1")


def test_what_is_said_is_what_was_measured(run: Path) -> None:
    with opened_trial(run) as (trial, pair):
        last = list(both(pair, "What is amoxil?", 0, 12))[-1]
        from medsweep.chat_page import _plain

        assert trial.trial == "EXP-001"
        assert last == (_plain(_predicted(run, "base")), _plain(_predicted(run, "trials")))
        assert list(both(pair, " ", 0, 12)) == [("Ask a question first.", "")]


def test_the_terminal_answers_once_without_gradio(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _hide_gradio(monkeypatch)
    assert run_app(["chat", str(run), "--prompt", "What is amoxil?"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("─ toy:llama ─") == 1
    assert "EXP-001" in shown
    assert NOTICE in shown


def test_without_gradio_the_command_to_install_it_is_told(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _hide_gradio(monkeypatch)
    assert run_app(["chat", str(run)]) == 2
    told = capsys.readouterr().err
    assert "pip install -c constraints.txt --no-build-isolation -e '.[chat]'" in told
    assert "--prompt" in told


def test_a_run_without_an_adapter_is_told(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["chat", str(run), "--trial", "EXP-9", "--prompt", "x"]) == 2
    assert "no trial 'EXP-9'" in capsys.readouterr().err


def test_the_page_is_built(run: Path) -> None:
    pytest.importorskip("gradio")
    with opened_trial(run) as (trial, pair):
        built = page(pair, "toy:llama", trial.name, 12, ["What is amoxil?"])
    text = json.dumps(built.get_config_file(), default=str)
    assert NOTICE in text
    assert "toy:llama" in text
    asked = [handler.fn for handler in built.fns.values() if handler.name == "ask_both"]
    assert len(asked) == 2  # the button and the Enter key
    assert all(map(inspect.isgeneratorfunction, asked))


def test_report_and_card_show_conversations(run: Path, tmp_path: Path) -> None:
    assert run_app(["report", str(run)]) == 0
    assert run_app(["best", str(run), "--export", str(tmp_path / "ship")]) == 0
    for path in (run / "report.md", run / "report.html", tmp_path / "ship" / "README.md"):
        text = path.read_text(encoding="utf-8")
        assert "Conversation examples" in text
        assert "What is the capital of France?" in text
        assert NOTICE in text


def _hide_gradio(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "gradio":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
