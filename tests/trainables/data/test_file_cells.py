"""Own rewards may ask for all columns of a file; no cache ever holds them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.trainables.data.tokenizers import CHATML, byte_level
from trainables.data.config import DataConfig
from trainables.data.file_cells import cells_of, with_cells
from trainables.data.prepare import prepare
from trainables.rewards.columns import row_column


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


def prepared(**data: Any) -> Any:
    config = DataConfig.model_validate({"system_prompt": None, **data})
    return with_cells(prepare(config, lambda: byte_level(CHATML), "bytes", 4000), config)


def file(folder: Path, extra: str, n: int = 30) -> str:
    rows = [
        {"question": f"What is the dose of drug{i * 7}?", "answer": f"{i} mg of drug{i * 7}"}
        | {extra: f"secret {i}"}
        for i in range(n)
    ]
    path = folder / f"{extra}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


@pytest.mark.parametrize("private", [True, False])
def test_each_row_has_its_own_cells(tmp_path: Path, private: bool) -> None:
    made = prepared(source=file(tmp_path, "topic"), private=private)
    for rows in (made.train, made.validation):
        for place, question in enumerate(rows.questions):
            number = int(rows.ids[place]) - 1
            assert cells_of(rows, place)["topic"] == f"secret {number}"
            assert cells_of(rows, place)["question"] == question
        (told,) = row_column(rows, [0])
        assert json.loads(told) == {"row": rows.ids[0], "cells": cells_of(rows, 0)}
    held = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert bool(held) == (not private)
    assert not any(b"secret" in content for content in held)


def test_of_a_mixture_each_row_has_all_columns(tmp_path: Path) -> None:
    sources = [{"source": file(tmp_path, name)} for name in ("topic", "ward")]
    rows = prepared(mixture=[*sources, {"source": "toy:drugs"}]).train
    for place in range(len(rows)):
        cells, name = cells_of(rows, place), rows.component(place)
        assert {"topic", "ward"} <= set(cells)
        assert [n for n in ("topic", "ward") if cells[n]] == [
            n for n in ("topic", "ward") if n == name
        ]


def test_what_has_no_file_stays_as_it_is() -> None:
    made = prepared(source="toy:drugs")
    assert made.train.about == []
    assert cells_of(made.train, 0) == {}


def test_a_mixture_s_own_validation_rows_have_theirs(tmp_path: Path) -> None:
    parts = [{"source": file(tmp_path, "one")}, {"source": file(tmp_path, "two")}]
    dev = tmp_path / "dev.jsonl"
    row = {"question": "What of all this is asked last?", "answer": "Nothing of it.", "ward": "7B"}
    dev.write_text(json.dumps(row))
    made = prepared(mixture=parts, validation=str(dev), cleaning={"near_duplicate_threshold": None})
    assert cells_of(made.validation, 0)["ward"] == "7B"
