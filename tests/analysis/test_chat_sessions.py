"""What the chat opens: the trial's own system prompt, also where its stages have it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from analysis import chat_sessions
from tests.analysis import fixtures


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"data": {"system_prompt": "Be brief."}}, "Be brief."),
        ({"stages": [{"data": {"system_prompt": "Be kind."}}] * 2}, "Be kind."),
        ({"data": {"system_prompt": None}}, None),
    ],
)
def test_the_trials_system_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: dict[str, Any], expected: str | None
) -> None:
    asked: list[Any] = []

    @contextmanager
    def opened(*given: Any) -> Iterator[None]:
        asked.extend(given)
        yield None

    monkeypatch.setattr("trainables.chat.base_and_tuned.opened", opened)
    fixtures.write_head(tmp_path, fixtures.spec())
    file = fixtures.write_trial(tmp_path, 1, {}, {"val_loss": 1.0}) / "config.json"
    content = json.loads(file.read_text())
    config = {name: content["config"][name] for name in ("model", "lora")} | data
    fixtures.write_json(file, {**content, "config": config})
    with chat_sessions.opened_trial(tmp_path, "EXP-001"):
        assert asked[-1] == expected
