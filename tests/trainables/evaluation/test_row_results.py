"""Tables of results row by row: numbers and ids, never a text."""

import io
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from tests.trainables.sft.trials import prepared
from trainables.evaluation.row_results import loss_table, parquet_of, row_table, table_of

ROWS = replace(
    prepared().validation, components=["own"] * 3 + ["public"] * 2, hidden=frozenset({"own"})
)


def test_private_rows_keep_neither_id_nor_text() -> None:
    table = row_table("answers", ROWS, {"rouge1": [0.1] * 5})
    assert table["id"][3:] == ROWS.ids[3:]
    assert not set(table["id"][:3]) & set(ROWS.ids)
    assert len({*table["id"]}) == 5
    assert table["id"] == row_table("answers", ROWS, {})["id"]  # in every trial the same
    content = parquet_of([table])
    texts = [*ROWS.ids[:3], *ROWS.groups[:3], *ROWS.questions, *ROWS.references]
    stored = json.dumps(pq.read_table(io.BytesIO(content)).to_pylist())
    assert not [text for text in texts if f'"{text}"' in stored]


def test_groups_are_hashes_that_fit_into_64_bits() -> None:
    groups = [f"patient {n}" for n in range(200)]
    found = table_of("x", groups, groups, groups, {})["group"]
    assert len(set(found)) == 200
    assert min(found) < 0 < max(found) < 2**63
    assert (
        pq.read_table(io.BytesIO(parquet_of([table_of("x", groups, groups, groups, {})])))[
            "group"
        ].to_pylist()
        == found
    )


def test_a_column_of_another_length_is_no_table() -> None:
    with pytest.raises(ValueError, match="x: 1 values of rouge1 for 2 rows"):
        table_of("x", ["a", "b"], ["a", "b"], ["a", "b"], {"rouge1": [0.5]})


def test_content_tells_texts_apart_whatever_their_order() -> None:
    def content(*texts: str) -> str:
        return table_of("x", ["a", "b"], ["a", "b"], texts, {})["content"]

    assert content("one", "two") == content("two", "one") != content("one", "three")


def test_each_set_is_a_row_group_and_numbers_survive_to_the_last_bit() -> None:
    nats = [0.1 + 0.2, 1e-300, 7.0, 0.0, 1 / 3]
    answers = table_of("answers", ["a"], ["a"], ["a"], {"rouge1": [None]})
    stored = pq.ParquetFile(io.BytesIO(parquet_of([loss_table(ROWS, nats), answers])))
    assert stored.num_row_groups == 2
    table = stored.read_row_group(0)
    assert table["nats"].to_pylist() == nats
    assert table["rouge1"].to_pylist() == [None] * 5
    assert table["tokens"].to_pylist() == ROWS.answer_counts().tolist()
    assert stored.read_row_group(1)["set"].to_pylist() == ["answers"]
