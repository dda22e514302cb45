"""Columns that a spec names are looked for when it is read, all of them at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError

SEARCH = {"num_trials": 2, "objective": {"metric": "val_loss", "mode": "min"}}
ROW = {"Question": "What is it?", "Answer": "It is that.", "topic": "t1"}
WRONG = {"question": "question", "answer": "Answr", "group": "tpic", "system": "sys"}


def table(folder: Path, suffix: str) -> Path:
    file = folder / f"q{suffix}"
    mark = {".csv": ",", ".tsv": "\t"}.get(suffix)
    if mark:
        file.write_text("\n".join(mark.join(line) for line in (ROW.keys(), ROW.values())))
    else:
        file.write_text(json.dumps(ROW if suffix == ".jsonl" else [ROW]))
    return file


def problems(folder: Path, trial: dict[str, Any], **search: Any) -> dict[str, str]:
    content = {"name": "x", "trial": trial, "search": {**SEARCH, **search}}
    (folder / "spec.yaml").write_text(json.dumps(content))
    try:
        load_spec(str(folder / "spec.yaml"), [])
    except SpecError as error:
        return {str(p.field): str(p) for p in error.problems}
    return {}


def sft(data: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "sft", "model": {"name_or_path": "toy:llama"}, "data": data}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl"])
def test_all_at_once(tmp_path: Path, suffix: str) -> None:
    data = {"source": str(table(tmp_path, suffix)), "fields": WRONG}
    found = problems(tmp_path, sft(data))
    assert set(found) == {f"trial.data.fields.{name}" for name in WRONG}
    said = found["trial.data.fields.answer"]
    assert "it has 'Question', 'Answer', 'topic' (got \"Answr\"). Did you mean 'Answer'?" in said


def test_right_ones_pass(tmp_path: Path) -> None:
    fields = {"question": "Question", "answer": "Answer", "group": "topic"}
    assert not problems(tmp_path, sft({"source": str(table(tmp_path, ".csv")), "fields": fields}))


def test_chats_need_no_columns_of_questions(tmp_path: Path) -> None:
    file = tmp_path / "chats.jsonl"
    turns = [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "That."}]
    file.write_text(json.dumps({"messages": turns}))
    assert not problems(tmp_path, sft({"source": str(file)}))
    found = problems(tmp_path, sft({"source": str(file), "fields": {"messages": "chat"}}))
    assert set(found) == {"trial.data.fields.messages"}


def test_stages_and_mixtures(tmp_path: Path) -> None:
    file = str(table(tmp_path, ".csv"))
    right = {"question": "Question", "answer": "Answer"}
    mixture = [
        {"name": "a", "source": file, "fields": right},
        {"name": "b", "source": file, "fields": {**right, "answer": "A"}},
    ]
    stages = [
        {"name": "one", "kind": "sft", "data": {"source": file, "fields": right}},
        {"name": "two", "kind": "sft", "data": {"mixture": mixture}},
    ]
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages}
    assert set(problems(tmp_path, trial)) == {"trial.stages.1.data.mixture.1.fields.answer"}


def test_a_file_that_cannot_be_read_is_its_readers_to_tell(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text("no json")
    assert not problems(tmp_path, sft({"source": str(file)}))


@pytest.mark.parametrize("kind", ["reward", "dpo"])
def test_pairs_have_columns_of_their_own(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(json.dumps({"prompt": "What?", "chosen": "That.", "rejected": "No."}))
    goal = {"metric": "pairwise_accuracy", "mode": "max"}
    trial = {**sft({"source": str(file)}), "kind": kind}
    assert not problems(tmp_path, trial, objective=goal)


def test_sections_that_are_searched_whole_are_left_to_their_values(tmp_path: Path) -> None:
    data = {"source": str(table(tmp_path, ".csv")), "fields": WRONG}
    right = {**data, "fields": {"question": "Question", "answer": "Answer"}}
    other = {**right, "fields": {**right["fields"], "group": "topic"}}
    searched = {"parameters": {"data": {"values": [right, other]}}}
    told = problems(tmp_path, sft(data), **searched)
    assert not [field for field in told if "fields" in field]
