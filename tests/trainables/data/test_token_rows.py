import pickle
from pathlib import Path

import numpy as np
import pytest

from trainables.data.chat_format import Encoded
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows


@pytest.fixture
def rows() -> TokenRows:
    texts = [
        Row("a", "g1", "Why?", "Because.", about='{"gold":1}'),
        Row("b", "g2", "Où ?", "Là."),
        Row("c", "g1", "No", "Yes"),
    ]
    encoded = [
        Encoded([1, 2, 3, 4], 2, 8, False),
        Encoded([5, 6], 1, 4, False),
        Encoded([7, 8, 9], 1, 2, True),
    ]
    return token_rows(texts, encoded)


def assert_same(left: TokenRows, right: TokenRows) -> None:
    for name in ("tokens", "offsets", "answer_start", "answer_bytes"):
        mine, other = getattr(left, name), getattr(right, name)
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)
    for name in ("ids", "groups", "questions", "references", "components", "about"):
        assert getattr(left, name) == getattr(right, name)


def test_rows_and_prompts(rows: TokenRows) -> None:
    assert len(rows) == 3
    assert rows.row(0).tolist() == [1, 2, 3, 4]
    assert rows.row(2).tolist() == [7, 8, 9]
    assert rows.prompt(0).tolist() == [1, 2]
    assert rows.prompt(2).tolist() == [7]
    assert rows.lengths().tolist() == [4, 2, 3]
    assert rows.answer_tokens() == 2 + 1 + 2
    assert rows.references == ["Because.", "Là.", "Yes"]


def test_what_is_known_of_a_row_stays_with_it(rows: TokenRows) -> None:
    assert rows.about == ['{"gold":1}', "", ""]
    assert rows.take([2, 0, 0]).about == ["", '{"gold":1}', '{"gold":1}']
    assert rows.take([1]).about == [""]


def test_types(rows: TokenRows) -> None:
    arrays = (rows.tokens, rows.offsets, rows.answer_start, rows.answer_bytes)
    assert [array.dtype.name for array in arrays] == ["int32", "int64", "int32", "int64"]
    assert rows.offsets.tolist() == [0, 4, 6, 9]


def test_head(rows: TokenRows) -> None:
    head = rows.head(2)
    assert (len(head), head.ids, head.row(1).tolist()) == (2, ["a", "b"], [5, 6])
    assert head.tokens.tolist() == [1, 2, 3, 4, 5, 6]
    assert len(rows.head(9)) == len(rows.head(None)) == 3
    assert len(rows.head(0)) == 0


def test_saved_and_loaded(rows: TokenRows, tmp_path: Path) -> None:
    rows.save(tmp_path / "rows.parquet")
    loaded = TokenRows.load(tmp_path / "rows.parquet")
    assert_same(loaded, rows)
    assert loaded.tokens.flags.writeable  # torch.from_numpy warns otherwise


def test_a_saved_head_loads_as_the_head(rows: TokenRows, tmp_path: Path) -> None:
    rows.head(2).save(tmp_path / "rows.parquet")
    assert_same(TokenRows.load(tmp_path / "rows.parquet"), rows.head(2))


def test_pickles(rows: TokenRows) -> None:
    assert_same(pickle.loads(pickle.dumps(rows)), rows)
