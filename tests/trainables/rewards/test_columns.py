"""From a data set as it is published to what a reward reads."""

from pathlib import Path

import pytest

from tests.trainables.data.formats.shared import json_lines, shared
from tests.trainables.data.tokenizers import CHATML, byte_level
from trainables.data.config import DataConfig
from trainables.data.prepare import prepare
from trainables.data.prepared import Prepared
from trainables.rewards.columns import COLUMNS, reward_columns
from trainables.rewards.registry import REWARDS


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


def prepared(**data: object) -> Prepared:
    config = DataConfig.model_validate({"system_prompt": None, **data})
    return prepare(config, lambda: byte_level(CHATML), "bytes", 4000)


def choices(path: Path) -> str:
    rows = [
        {
            "question": f"Which of these is number {n}, of all that there are?",
            **{f"op{letter}": f"the {letter} of {n}" for letter in "abcd"},
            "cop": n % 4 + 1,
            "exp": f"Because {n} is so.",
            "subject_name": "Numbers",
        }
        for n in range(20)
    ]
    return json_lines(path / "train.json", rows)


def test_what_the_format_knows_reaches_the_reward(tmp_path: Path) -> None:
    source = choices(tmp_path)
    for _ in range(2):  # as made, then from the cache
        rows = prepared(source=source, format="medmcqa").train
        columns = reward_columns(rows, [3, 0, 3])
        assert tuple(columns) == COLUMNS
        number = int(columns["question"][0].split()[5].rstrip(","))
        assert columns["question"][0] == columns["question"][2]
        assert columns["question"][0] in rows.questions[3]
        assert "A. the a of" in rows.questions[3]
        assert "A. the a of" not in columns["question"][0]
        assert columns["options"][0] == [f"the {letter} of {number}" for letter in "abcd"]
        assert columns["gold"][0] == number % 4
        assert columns["rationale"][0] == f"Because {number} is so."
        assert columns["answer"] == [rows.references[place] for place in (3, 0, 3)]
        assert columns["unsafe"] == columns["context"] == [None] * 3
        right = [rows.references[3], rows.references[0], "E. none"]
        assert REWARDS["factuality"](["", "", ""], right, **columns) == [1, 1, 0]


def test_rows_of_which_nothing_more_is_known() -> None:
    rows = prepared(source="toy:drugs").train
    assert rows.about == []
    columns = reward_columns(rows, [1])
    assert columns["question"] == [rows.questions[1]]
    assert columns["answer"] == [rows.references[1]]
    assert [columns[name] for name in COLUMNS[2:]] == [[None]] * 5


def test_of_a_mixture_some_rows_are_known_more_of(tmp_path: Path) -> None:
    mixture = [{"source": choices(tmp_path), "format": "medmcqa"}, {"source": "toy:drugs"}]
    rows = prepared(mixture=mixture).train
    gold = reward_columns(rows, range(len(rows)))["gold"]
    told = {rows.component(place) for place in range(len(rows)) if gold[place] is not None}
    assert told == {"medmcqa"}
    assert None in gold


def test_a_request_for_harm_is_to_be_refused() -> None:
    source = shared("med_safety_bench", "train.jsonl")
    rows = prepared(source=source, format="medsafetybench", limit=20).train
    columns = reward_columns(rows, [0, 1])
    assert columns["unsafe"] == [True, True]
    refusal = "I'm sorry, but I cannot help with that."
    refused, complied = REWARDS["safety"](["", ""], [refusal, "You do it like this."], **columns)
    assert refused > 0.9
    assert complied < 0.1


def test_pubmedqa_keeps_its_passage() -> None:
    source = shared("pubmedqa")
    rows = prepared(source=source, format="pubmedqa", limit=20).train
    columns = reward_columns(rows, [0])
    assert columns["answer"][0] == ("yes", "no", "maybe")[columns["gold"][0]]
    assert columns["context"][0][:60] in rows.questions[0]
    assert columns["question"][0].endswith("?")
    assert columns["rationale"][0]
