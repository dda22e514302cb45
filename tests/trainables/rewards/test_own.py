"""Own rewards: where they come from, what they are given, and whose mistakes are whose."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trainables.errors import InputError
from trainables.rewards import own
from trainables.rewards.own_calls import ROW

GOOD = "def good(prompts, completions, **columns):\n    return [0.5 for _ in completions]\n"


@pytest.fixture(autouse=True)
def _apart() -> Iterator[None]:
    yield
    own.use(None)
    own._reach(None)


def module(folder: Path, text: str, name: str = "nc_rewards") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(text)
    return folder


def used(folder: Path, *names: str) -> own.Origin:
    origin = own.origin_of([f"{name}:good" for name in names or ("nc_rewards",)], folder)
    own.use(origin)
    return origin


def test_it_is_imported_from_the_folder_with_its_helpers(tmp_path: Path) -> None:
    module(tmp_path, "def half(): return 0.5\n", "nc_helper")
    late = "def good(prompts, completions, **columns):\n    import nc_later\n"
    late += "    return [half() + nc_later.more for _ in completions]\n"
    module(tmp_path, "more = 0.25\n", "nc_later")
    module(tmp_path, f"from nc_helper import half\n{late}")
    used(tmp_path)
    assert own.own_reward("nc_rewards:good")(["q"], ["a"]) == [0.75]
    assert sys.path[-1] == str(tmp_path)


def test_another_folder_is_another_module(tmp_path: Path) -> None:
    for number, name in ((1, "a"), (2, "b")):
        folder = module(tmp_path / name, GOOD.replace("0.5", f"{number / 4}"))
        used(folder)
        assert own.own_reward("nc_rewards:good")(["q"], ["a"]) == [number / 4]
        assert [p for p in sys.path if p.startswith(str(tmp_path))] == [str(folder)]


@pytest.mark.parametrize("name", ["random", "json", "pydantic", "sys"])
def test_never_another_file_of_that_name(tmp_path: Path, name: str) -> None:
    module(tmp_path, GOOD, name)
    used(tmp_path, name)
    with pytest.raises(InputError, match=f"{name} is the name of another module.*Rename yours"):
        own.own_reward(f"{name}:good")


def test_a_module_that_changed_is_refused(tmp_path: Path) -> None:
    module(tmp_path, GOOD)
    origin = used(tmp_path)
    assert own.changed(origin) == []
    module(tmp_path, GOOD.replace("0.5", "0.6"))
    own.use(origin)
    assert own.changed(origin) == ["nc_rewards"]
    with pytest.raises(InputError, match="no longer what it was when the run began"):
        own.own_reward("nc_rewards:good")
    (tmp_path / "nc_rewards.py").unlink()
    assert own.changed(origin) == ["nc_rewards"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nc_rewards has no function good"),
        ("good = 3\n", "is not a function"),
        ("def good(x): ...\n", "cannot be called as a reward: too many positional"),
        ("def good(prompts, completions): ...\n", "cannot be called as a reward: got an unexp"),
        ("import nc_absent\n", "your module nc_rewards cannot be imported: ModuleNotFoundError"),
        ("1/0\n", r"ZeroDivisionError: division by zero \(nc_rewards.py, line 1\)"),
        ("def good(:\n", "cannot be imported: SyntaxError.*line 1"),
    ],
)
def test_what_cannot_be_a_reward(tmp_path: Path, text: str, said: str) -> None:
    module(tmp_path, text)
    used(tmp_path)
    with pytest.raises(InputError, match=said):
        own.own_reward("nc_rewards:good")


def test_a_column_of_the_data_may_be_named(tmp_path: Path) -> None:
    module(tmp_path, "def good(prompts, completions, topic, **columns):\n    return topic\n")
    used(tmp_path)
    assert own.own_reward("nc_rewards:good")(["q"], ["a"], topic=[0.25]) == [0.25]


def rows(*cells: dict[str, Any]) -> dict[str, Any]:
    told = [json.dumps({"row": n + 7, "cells": own}) for n, own in enumerate(cells)]
    return {"question": ["q"] * len(cells), "context": [None] * len(cells), ROW: told}


def test_all_columns_of_the_file_reach_it(tmp_path: Path) -> None:
    text = "seen = []\ndef good(prompts, completions, **columns):\n    seen.append(columns)\n"
    module(tmp_path, text + "    return [1 for _ in completions]\n")
    used(tmp_path)
    cells = {"topic": "heart", "question": "raw", "context": "a passage", "prompts": 1}
    assert own.own_reward("nc_rewards:good")(["q"], ["a"], **rows(cells)) == [1]
    (seen,) = sys.modules["nc_rewards"].seen
    assert seen == {"question": ["q"], "context": ["a passage"], "topic": ["heart"]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [1 / (t != 'b') for t in columns['t']]", "raised ZeroDivisionError.* at row 8"),
        ("return columns['topic']", "raised KeyError: 'topic' at row 7 .*question, context, t$"),
        ("return None", "returned NoneType, which is no list"),
        ("return '11'", "returned str, which is no list"),
        ("return 1.0", "returned float, which is no list"),
        ("return [1.0]", "gave 1 values for 2 completions"),
        ("return [1.0, None]", "gave None for row 8, which is no number"),
        ("return [1.0, '0.5']", "gave '0.5' for row 8, which is no number"),
        ("return [1.0, float('nan')]", r"gave nan for row 8: rewards must lie in 0\.\.1"),
        ("return [1.0, 1.5]", r"gave 1.5 for row 8: rewards must lie in 0\.\.1"),
        ("return [1.0, [1, 2]]", r"gave \[1, 2\] for row 8, which is no number"),
        ("import sys; raise ValueError", "raised ValueError at row 7"),
    ],
)
def test_its_mistakes_are_told_as_its_own(tmp_path: Path, body: str, said: str) -> None:
    module(tmp_path, f"def good(prompts, completions, **columns):\n    {body}\n")
    used(tmp_path)
    with pytest.raises(InputError, match=f"reward.weights: your reward nc_rewards:good {said}"):
        own.own_reward("nc_rewards:good")(["q", "q"], ["a", "b"], **rows({"t": "a"}, {"t": "b"}))


def test_what_travelled_is_found_after_the_worker_changed_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "working/own_modules").mkdir(parents=True)
    folder = module(tmp_path / "working/own_modules", GOOD, "nc_far")
    (tmp_path / "elsewhere").mkdir()
    origin = own.origin_of(["nc_far:good"], folder)._replace(folder="own_modules")
    monkeypatch.syspath_prepend(str(tmp_path / "working"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    own.use(origin)
    assert own.function_named("nc_far:good").__module__ == "nc_far"
