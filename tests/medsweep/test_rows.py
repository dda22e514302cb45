"""`medsweep rows`: what the model sees of each kind of data."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from medsweep.main import run_app
from medsweep.rows_view import show_rows
from sweeps.planning.seen_rows import SeenRow, seen_rows
from sweeps.readiness.preparation import Preparation
from sweeps.spec.errors import SpecError
from sweeps.spec.sections import SweepSpec
from trainables.data.as_seen import Part

ANSWER = "Two of them:\n  - rest <|end|>\n  - flüssig"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "60")


def spec(**trial: Any) -> SweepSpec:
    small = {"model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    return SweepSpec.model_validate({"name": "x", "trial": {**small, **trial}})


def seen(own: SweepSpec, **options: Any) -> list[SeenRow]:
    return seen_rows(own, Preparation(lambda _: None, lambda *_: None), **options)


def text(row: SeenRow) -> str:
    return "".join(part.text for part in row.parts or ())


def test_a_row_as_it_is_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"question": f"What helps {n}?", "answer": f"{n} {ANSWER}"} for n in range(40)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("my.yaml").write_text(
        "name: my\ntrial:\n  kind: sft\n  model: {name_or_path: 'toy:llama'}\n"
        "  data: {source: rows.jsonl, system_prompt: null}\n  training: {max_length: 200}\n"
    )
    assert run_app(["rows", "my.yaml", "--row", "7", "--row", "9"]) == 0
    told = capsys.readouterr().out
    assert "row 7 (" in told
    assert "row 9 (" in told
    assert told.count("row ") == 2
    marked = f"What helps 6?⟦<|end|>⟧⟦<|start|>⟧assistant\n▶6 {ANSWER}⟦<|end|>⟧◀\n"
    assert marked in told
    assert run_app(["rows", "my.yaml", "--row", "41"]) == 2
    assert "--row: is no training and no validation row" in capsys.readouterr().err


def test_cut_rows_say_so() -> None:
    data = {"source": "toy:drugs", "system_prompt": None}
    (row,) = seen(spec(kind="sft", data=data, training={"max_length": 200}))
    assert "cut" not in row.about
    (row,) = seen(spec(kind="sft", data=data, training={"max_length": 70}))
    assert row.about.startswith("70 tokens, of which")
    assert row.about.endswith("cut at 70 tokens (training.max_length)")


def test_splits_and_numbers() -> None:
    own = spec(kind="sft")
    assert {row.split for row in seen(own, number=2, split="validation")} == {"validation"}
    first, second = seen(own, number=2)
    assert seen(own, ids=[second.id]) == [second]
    assert first != second
    with pytest.raises(SpecError, match=first.id):
        seen(own, ids=["none of them"])


@pytest.mark.parametrize(("kind", "told"), [("reward", "scored"), ("dpo", "compared")])
def test_pairs_show_both_answers(kind: str, told: str) -> None:
    chosen, rejected = seen(spec(kind=kind))
    assert chosen.name == f"pair {chosen.id}, chosen answer"
    assert rejected.name == f"pair {chosen.id}, rejected answer"
    assert told in chosen.about
    assert [any(part.learnt for part in row.parts or ()) for row in (chosen, rejected)] == [1, 1]
    assert seen(spec(kind=kind), ids=[chosen.id]) == [chosen, rejected]


@pytest.mark.parametrize("kind", ["ppo", "grpo"])
def test_of_prompts_no_answer_is_seen(kind: str) -> None:
    rewards = {"reward": {"weights": {"brevity": 1}}}
    (row,) = seen(spec(kind=kind, **rewards))
    assert text(row).endswith("assistant\n")
    assert not any(part.learnt for part in row.parts or ())
    assert "goes on from here" in row.about


def test_each_stage_shows_its_own() -> None:
    stages = [{"name": n, "data": {"source": "toy:drugs"}} for n in ("a", "b")]
    model = {"name_or_path": "toy:llama"}
    own = SweepSpec.model_validate(
        {"name": "x", "trial": {"kind": "staged", "model": model, "stages": stages}}
    )
    assert [row.stage for row in seen(own)] == ["a", "b"]


def test_private_rows_are_not_shown() -> None:
    (row,) = seen(spec(kind="sft", data={"source": "toy:drugs", "private": True}))
    assert (row.parts, row.about) == (None, "private: it is not shown")


def test_a_terminal_has_colours_and_no_marks() -> None:
    parts = [Part("ask ", False, False), Part("<s>", False, True), Part("say", True, False)]
    row = SeenRow("", "1", "row 1", "training", "3 tokens", parts)
    screen = io.StringIO()
    show_rows(Console(file=screen, force_terminal=True, color_system="standard"), [row])
    shown = screen.getvalue()
    assert "\x1b[32msay\x1b[0m" in shown
    assert "\x1b[7;35m<s>\x1b[0m" in shown
    assert "▶" not in shown
    assert "⟦" not in shown


def test_the_plan_shows_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["plan", "toy", "--prepare"]) == 0
    (row,) = seen(spec(kind="sft", data={"source": "toy:drugs", "system_prompt": None}))
    after = capsys.readouterr().out.partition("The first row as the model sees it")[2]
    assert row.name in after
    assert f"assistant\n▶{text(row).partition('assistant' + chr(10))[2][:20]}" in after


def test_what_cleaning_dropped_is_shown_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"question": f"What helps {n}?", "answer": f"{n} {ANSWER}"} for n in range(40)]
    for number, answer in ((2, ""), (5, "Yes"), (6, "Short."), (9, f"6  {ANSWER}".upper())):
        rows[number]["answer"] = answer
    rows[9]["question"], rows[8] = "what HELPS 6?", {**rows[7], "answer": rows[7]["answer"] + " ."}
    rows[6]["answer"] = f"6 {ANSWER}"
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("my.yaml").write_text(
        "name: my\ntrial:\n  kind: sft\n  model: {name_or_path: 'toy:llama'}\n"
        "  data: {source: rows.jsonl, system_prompt: null}\n  training: {max_length: 200}\n"
    )
    assert run_app(["rows", "my.yaml", "--dropped"]) == 0
    told = capsys.readouterr().out
    assert 'answer too short: 1 row dropped\nrow 3: "What helps 2?" → ""' in told
    assert 'row 6: "What helps 5?" → "Yes"' in told
    assert "exact duplicates: 1 row dropped\nrow 10:" in told
    assert 'near duplicates: 1 row dropped\nrow 9: "What helps 7?"' in told
    for own_id, why in (("3", "answer too short"), ("10", "exact"), ("9", "near duplicates")):
        assert run_app(["rows", "my.yaml", "--row", own_id]) == 2
        assert f"--row: was dropped by a filter: {why}" in capsys.readouterr().err


def test_private_rows_that_were_dropped_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"question": f"Secret {n}?", "answer": "" if n < 5 else f"{n} x"} for n in range(9)]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("my.yaml").write_text(
        "name: my\ntrial:\n  model: {name_or_path: 'toy:llama'}\n"
        "  data: {source: rows.jsonl, private: true}\n"
    )
    assert run_app(["rows", "my.yaml", "--dropped", "-n", "2"]) == 0
    told = capsys.readouterr().out
    assert "answer too short: 9 rows dropped, the first 2" in told
    assert "Secret" not in told
    assert "row 1: private" in told


def test_test_rows_are_sealed_and_pairs_only_counted(capsys: pytest.CaptureFixture[str]) -> None:
    Path("my.yaml").write_text(
        "name: my\ntrial:\n  kind: reward\n  model: {name_or_path: 'toy:llama'}\n"
        "  data: {source: 'toy:drugs'}\n"
        "search: {objective: {metric: pairwise_accuracy, mode: max}}\n"
    )
    assert run_app(["rows", "my.yaml", "--split", "test"]) == 2
    assert "sealed" in capsys.readouterr().err
    assert run_app(["rows", "my.yaml", "--dropped"]) == 2
    assert "counted, not shown" in capsys.readouterr().err
