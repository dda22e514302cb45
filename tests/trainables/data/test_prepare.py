"""The whole way from a source to tokens, the cache, and the seal on the test split."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.trainables.data import tokenizers
from tests.trainables.data.tokenizers import byte_level
from trainables.data.build import rows_sha256
from trainables.data.config import DataConfig
from trainables.data.diversity import diversity
from trainables.data.duplicates import jaccard, shingles
from trainables.data.prepare import cached_report, data_key, prepare, prepare_text
from trainables.data.prepared import Prepared
from trainables.data.rows import Row
from trainables.data.sources import toy
from trainables.data.splitting import split_by_group
from trainables.errors import InputError

TOY = DataConfig(source="toy:drugs", system_prompt="Be brief.")
LENGTH = 200


def tokenizer() -> Any:
    return byte_level(tokenizers.CHATML)


def never() -> Any:
    raise AssertionError("the tokenizer was asked for, though the tokens are in the cache")


def made(config: DataConfig = TOY, max_length: int = LENGTH) -> Prepared:
    return prepare(config, tokenizer, "bytes", max_length)


def write(folder: Path, rows: list[dict[str, str]]) -> DataConfig:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return DataConfig(source=str(path), system_prompt=None)


def distinct(count: int) -> list[dict[str, str]]:
    return [
        {"question": f"What is number {n}?", "answer": f"It is {n}, after {n - 1} and {n * n}."}
        for n in range(count)
    ]


def test_tokens_are_those_of_the_rows(cache: Path) -> None:
    prepared = made()
    decode = tokenizer().decode
    rows = {row.id: row for row in toy.drug_rows()}
    assert (len(prepared.train), len(prepared.validation)) == (204, 24)
    for split in (prepared.train, prepared.validation):
        for index, row_id in enumerate(split.ids):
            row = rows[row_id]
            start = split.answer_start[index]
            assert decode(split.row(index)[start:]) == f"{row.answer}<|im_end|>"
            assert f"user\n{row.question}<|im_end|>" in decode(split.prompt(index))
            assert (split.questions[index], split.references[index]) == (row.question, row.answer)
            assert split.answer_bytes[index] == len(row.answer.encode())


def test_report(cache: Path) -> None:
    report = made().report
    test = split_by_group(list(toy.drug_rows()), TOY.split, TOY.seed)[2]
    prepared = made()
    assert report == {
        "source": "toy:drugs",
        "version": "toy:drugs 1",
        "citation": None,
        "licence": "Apache-2.0 (generated)",
        "rows_read": 240,
        "dropped": {
            "short_question": 0,
            "short_answer": 0,
            "bare_boolean": 0,
            "exact_duplicate": 0,
            "near_duplicate": 0,
            "over_limit": 0,
            "leak": 0,
            "no_answer_left": {"train": 0, "validation": 0},
        },
        "kept": {"train": 204, "validation": 24, "test": 12},
        "groups": {"train": 68, "validation": 8, "test": 4},
        "tokens": {
            "train": len(prepared.train.tokens),
            "validation": len(prepared.validation.tokens),
            "answer_train": sum(len(answer) + 1 for answer in prepared.train.references),
            "longest": max(prepared.train.lengths().max(), prepared.validation.lengths().max()),
        },
        "truncated": {"train": 0, "validation": 0},
        "noticed": {},
        "control_text": {"train": 0, "validation": 0},
        "test_sha256": rows_sha256(test),
        "diversity": diversity(prepare_text(TOY).train),
    }


def test_every_row_read_is_counted_once(cache: Path, tmp_path: Path) -> None:
    rows = [
        *distinct(100),
        {"question": "Eh?", "answer": "Much too short a question."},
        {"question": "What is short?", "answer": "This."},
        {"question": "Is it a question?", "answer": "yes"},
        distinct(1)[0],
        {"question": "What is long?", "answer": " ".join(f"word{n}" for n in range(60))},
        {"question": "What is long?", "answer": " ".join(f"word{n}" for n in range(61))},
    ]
    config = write(tmp_path, rows).model_copy(update={"limit": 90})
    report = made(config, 1000).report
    assert report["rows_read"] == 106
    assert report["dropped"] == {
        "short_question": 1,
        "short_answer": 1,
        "bare_boolean": 1,
        "exact_duplicate": 1,
        "near_duplicate": 1,
        "over_limit": 11,
        "leak": 0,
        "no_answer_left": {"train": 0, "validation": 0},
    }
    assert sum(report["kept"].values()) == 90


def test_rows_that_lose_their_answer_are_dropped_and_counted(cache: Path, tmp_path: Path) -> None:
    rows = distinct(40) + [
        {"question": f"Long {n}: {'why ' * 100}?", "answer": f"Because of {n} things."}
        for n in range(40)
    ]
    report = made(write(tmp_path, rows), 150).report
    lost = report["dropped"]["no_answer_left"]
    assert lost["train"] + lost["validation"] + report["kept"]["test"] >= 40
    assert lost["train"] > 0 < lost["validation"]
    assert report["kept"]["train"] + lost["train"] == 68
    assert report["truncated"] == {"train": 0, "validation": 0}


def test_truncated_rows_are_counted(cache: Path, tmp_path: Path) -> None:
    rows = distinct(40)
    for row in rows[:40]:
        row["answer"] += " " + row["question"] * 20
    prepared = made(write(tmp_path, rows), 150)
    assert prepared.report["truncated"] == {"train": 34, "validation": 4}
    assert prepared.report["tokens"]["longest"] == 150
    assert (prepared.train.answer_bytes < 150).all()
    assert (prepared.train.answer_bytes > 0).all()


def test_no_row_left_after_truncation_is_an_error(cache: Path) -> None:
    with pytest.raises(InputError, match="no answer token in any of 204 train rows") as caught:
        made(max_length=10)
    assert caught.value.field == "training.max_length"


def test_nothing_left_after_cleaning_says_why(cache: Path, tmp_path: Path) -> None:
    config = write(tmp_path, [{"question": "Is it?", "answer": "yes"}] * 9)
    with pytest.raises(InputError, match=r"0 of 9 rows left after cleaning \(dropped: bare_bool"):
        made(config)


def test_the_second_time_comes_from_the_cache(cache: Path) -> None:
    first = made()
    second = prepare(TOY, never, "bytes", LENGTH)
    assert second.key == first.key == data_key(TOY, "bytes", LENGTH)
    assert second.report == first.report
    for name in ("train", "validation"):
        mine, other = getattr(first, name), getattr(second, name)
        np.testing.assert_array_equal(mine.tokens, other.tokens)
        np.testing.assert_array_equal(mine.offsets, other.offsets)
        assert (mine.ids, mine.references) == (other.ids, other.references)


@pytest.mark.parametrize("name", ["entry.json", "train.parquet", "validation.parquet"])
def test_a_damaged_cache_is_built_again(cache: Path, name: str) -> None:
    first = made()
    for path in cache.rglob(name):
        path.write_bytes(path.read_bytes()[:-20] + b"x" * 20)
    second = made()
    assert second.report == first.report
    np.testing.assert_array_equal(first.train.tokens, second.train.tokens)
    assert prepare(TOY, never, "bytes", LENGTH).report == first.report


def test_concurrent_callers_tokenise_once(cache: Path) -> None:
    calls = []

    def counted() -> Any:
        calls.append(1)
        return tokenizer()

    with ThreadPoolExecutor(4) as pool:
        made_by_all = list(pool.map(lambda _: prepare(TOY, counted, "bytes", LENGTH), range(4)))
    assert len(calls) == 1
    assert all(prepared.report == made_by_all[0].report for prepared in made_by_all)


@pytest.mark.parametrize(
    "change",
    [
        {"system_prompt": None},
        {"seed": 43},
        {"limit": 100},
        {"split": (0.8, 0.1, 0.1)},
        {"cleaning": {"min_answer_chars": 11}},
    ],
)
def test_the_key_follows_what_the_tokens_depend_on(change: dict[str, Any]) -> None:
    changed = DataConfig.model_validate({**TOY.model_dump(), **change})
    assert data_key(changed, "bytes", LENGTH) != data_key(TOY, "bytes", LENGTH)


def test_the_key_follows_tokenizer_length_and_content(tmp_path: Path) -> None:
    assert data_key(TOY, "other", LENGTH) != data_key(TOY, "bytes", LENGTH)
    assert data_key(TOY, "bytes", LENGTH + 1) != data_key(TOY, "bytes", LENGTH)
    key = data_key(write(tmp_path, distinct(20)), "bytes", LENGTH)
    assert data_key(write(tmp_path, distinct(21)), "bytes", LENGTH) != key
    (tmp_path / "moved").mkdir()
    assert data_key(write(tmp_path / "moved", distinct(20)), "bytes", LENGTH) == key


def test_a_moved_file_is_reported_where_it_is(cache: Path, tmp_path: Path) -> None:
    made(write(tmp_path, distinct(40)))
    (tmp_path / "moved").mkdir()
    moved = write(tmp_path / "moved", distinct(40))
    assert prepare(moved, never, "bytes", LENGTH).report["source"] == moved.source


def test_another_system_prompt_reads_the_source_no_second_time(cache: Path) -> None:
    lines: list[str] = []
    made()
    other = TOY.model_copy(update={"system_prompt": "Be long."})
    prepare(other, tokenizer, "bytes", LENGTH, lines.append)
    assert lines == ["tokenising train rows 0 of 204", "tokenising validation rows 0 of 24"]


def test_cached_report(cache: Path) -> None:
    assert cached_report(TOY, "bytes", LENGTH) is None
    text = prepare_text(TOY).report
    assert cached_report(TOY, "bytes", LENGTH) == cached_report(TOY) == text
    tokens = made().report
    assert cached_report(TOY, "bytes", LENGTH) == tokens != text
    assert cached_report(TOY) == text
    assert not (cache / "wheels").exists()


def test_the_same_rows_with_another_hash_seed(cache: Path, tmp_path: Path) -> None:
    """Python's own string hashes differ from process to process; the split must not."""
    program = (
        "from trainables.data.config import DataConfig\n"
        "from trainables.data.prepare import prepare_text\n"
        "import sys\n"
        "splits = prepare_text(DataConfig(source='toy:drugs'))\n"
        "print([row.id for row in splits.train + splits.validation], splits.report)\n"
        "assert not {'torch', 'transformers', 'ray'} & set(sys.modules)\n"
    )
    printed = set()
    for seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "MEDSWEEP_CACHE": str(tmp_path / seed),
            "PYTHONPATH": str(Path(__file__).parents[3]),
        }
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        )
        printed.add(done.stdout)
    assert len(printed) == 1


def cells_of(path: Path) -> str:
    """Everything that a file of the cache says, whatever its compression."""
    raw = path.read_bytes().decode("utf-8", errors="replace")
    return raw + (json.dumps(pq.read_table(path).to_pylist()) if path.suffix == ".parquet" else "")


def test_the_test_split_is_sealed(cache: Path) -> None:
    prepared = made()
    text = prepare_text(TOY)
    train, validation, test = split_by_group(list(toy.drug_rows()), TOY.split, TOY.seed)
    assert (text.train, text.validation) == (train, validation)
    seen = "".join(cells_of(path) for path in cache.rglob("*") if path.is_file())
    assert all(row.question in seen for row in (train[0], validation[0]))  # the search can find
    assert len(test) == 12
    for row in test:
        assert row.id not in seen
        assert row.question not in seen
    held = {*prepared.train.ids, *prepared.validation.ids}
    assert not held & {row.id for row in test}
    assert prepared.report["test_sha256"] == rows_sha256(test)


def test_the_seal_tells_any_other_test_split() -> None:
    rows = [Row("1", "g", "What?", "This."), Row("2", "g", "Why?", "That.")]
    assert rows_sha256(rows) == rows_sha256(rows[::-1])
    for other in (rows[:1], [rows[0], rows[1]._replace(answer="That!")], []):
        assert rows_sha256(other) != rows_sha256(rows)


def test_no_training_row_repeats_a_validation_row(cache: Path, tmp_path: Path) -> None:
    rows = []
    for n in range(60):
        words = [f"w{(n * 7 + k * k) % 97}x{n}" for k in range(30)]
        rows.append({"question": f"Number {n}?", "answer": " ".join(words)})
        rows.append({"question": f"NUMBER {n}?", "answer": " ".join(words)})
        words[-1] = "other"
        rows.append({"question": f"Number {n}?", "answer": " ".join(words)})
    # without a common question they would not be kept together by their group
    for number, row in enumerate(rows):
        row["question"] += "" if number % 3 else "!"
    splits = prepare_text(write(tmp_path, rows))
    assert splits.report["dropped"]["near_duplicate"] == 120
    assert sum(splits.report["kept"].values()) == 60
    for held in splits.validation:
        for other in splits.train:
            assert jaccard(shingles(held), shingles(other)) < 0.85
