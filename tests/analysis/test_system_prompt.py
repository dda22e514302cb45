"""The system prompt that a trial was trained with is part of what ships."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis import export
from analysis.decision import decided
from analysis.export import export_best
from analysis.system_prompt import asked_with, prompt_section, trained_with, write_prompt

SAID = "You are brief.\nYou are kind to <patients>."


def told(run: Path, prompt: str | None) -> None:
    for file in run.glob("trials/*/config.json"):
        content = json.loads(file.read_text())
        content["config"]["data"]["system_prompt"] = prompt
        file.write_text(json.dumps(content))


@pytest.mark.parametrize("prompt", [SAID, None])
def test_card_and_file_say_it(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prompt: str | None
) -> None:
    monkeypatch.setattr(export, "_save_tokenizer", lambda *_: False)
    told(run_folder, prompt)
    out = export_best(decided(run_folder), tmp_path / "out")
    card = (out / "README.md").read_text()
    assert json.loads((out / "prompt.json").read_text()) == {"system_prompt": prompt}
    code = card.split("```python\n")[1].split("```")[0]
    assert '["system_prompt"]' in code
    if prompt is None:
        assert "without a system prompt" in card
    else:
        assert "    You are brief.\n    You are kind to <patients>." in card
    assert asked_with(None, out) == asked_with(None, None, out) == prompt
    assert asked_with("Another.", out) == "Another."
    assert asked_with("", out) is None
    assert asked_with(None, run_folder / "trials/EXP-002/adapter") == prompt


def test_what_says_nothing(tmp_path: Path) -> None:
    assert asked_with(None, None, "toy:llama", tmp_path) is None
    (tmp_path / "prompt.json").write_text("[1]")
    assert asked_with(None, tmp_path) is None


def test_the_adapter_goes_before_its_base(tmp_path: Path) -> None:
    folders = []
    for name, prompt in (("adapter", None), ("model", "Base.")):
        (tmp_path / name).mkdir()
        write_prompt({"data": {"system_prompt": prompt}}, tmp_path / name)
        folders.append(tmp_path / name)
    assert asked_with(None, *folders) is None
    assert asked_with(None, *reversed(folders)) == "Base."


def test_all_stages_have_the_same() -> None:
    config: dict[str, Any] = {"stages": [{"data": {"system_prompt": "S"}}, {"data": {}}]}
    assert trained_with(config) == "S"


def test_evaluate_asks_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from medsweep.main import run_app
    from trainables.errors import InputError
    from trainables.evaluation.benchmarks import evaluate

    asked = []

    def stand_in(request: Any, *_: Any) -> Any:
        asked.append(request.system_prompt)
        raise InputError("x", None, "enough")

    monkeypatch.setattr(evaluate, "evaluate", stand_in)
    write_prompt({"data": {"system_prompt": "S"}}, tmp_path)
    words = ["evaluate", "toy:llama", "--benchmarks", "pubmedqa", "--adapter", str(tmp_path)]
    for more in ([], ["--system-prompt", "T"], ["--system-prompt", ""]):
        assert run_app([*words, *more]) == 2
    assert run_app(["evaluate", str(tmp_path), "--benchmarks", "pubmedqa"]) == 2
    assert asked == ["S", "T", None, "S"]


def test_a_prompt_that_all_rows_had_of_their_own_is_what_ships(tmp_path: Path) -> None:
    config = {"data": {"source": "chats.jsonl", "system_prompt": "S"}}
    own = {"rows": 9, "of": 9, "different": 1, "text": "Be kind."}
    data = {"key": {"source": "chats.jsonl", "system_prompts": own}}
    assert trained_with(config, data) == "Be kind."
    write_prompt(config, tmp_path, data)
    assert asked_with(None, tmp_path) == "Be kind."
    assert "Be kind." in prompt_section(config, data)
    mixed = {"key": {"source": "chats.jsonl", "system_prompts": {**own, "of": 12, "text": None}}}
    assert trained_with(config, mixed) == "S"
    assert "9 of 12 training rows had system prompts of their own" in prompt_section(config, mixed)
    assert trained_with(config, {"key": {"source": "other.jsonl", "system_prompts": own}}) == "S"
    adapter = tmp_path / "run/trials/EXP-001/adapter"
    adapter.mkdir(parents=True)
    (adapter.parent / "config.json").write_text(json.dumps({"config": config}))
    (tmp_path / "run/data.json").write_text(json.dumps(data))
    assert asked_with(None, adapter) == "Be kind."
