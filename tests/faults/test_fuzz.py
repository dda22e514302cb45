"""Files of any content: each reader gives rows or says what is wrong, and raises nothing else.

A bounded form for each change; MEDSWEEP_FUZZ sets how many examples a test takes.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trainables.data.config import DataConfig
from trainables.data.sources import files
from trainables.errors import InputError

EXAMPLES = int(os.environ.get("MEDSWEEP_FUZZ", "40"))
LONGEST = 1500  # characters of an error
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="MEDSWEEP_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(["question", "answer", "messages", "conversations", "system", "role", ""])
turns = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", 7, None]), "content": values}
)
cells = values | st.text(max_size=40) | st.lists(turns | values, max_size=4)
records = st.dictionaries(names, cells, max_size=4) | values
text = st.text(alphabet='ab,;\t|"\n\r\x00\ufeff\\{}[]:é', max_size=80)


def read(file: Path, content: bytes) -> None:
    """Rows, or an InputError with a sentence."""
    file.write_bytes(content)
    config = DataConfig(source=str(file))
    try:
        found = files.read(config, files.fingerprint(config, False))
    except InputError as error:
        told = error
    else:
        assert all(isinstance(row.answer, str) for row in found.rows)
        return
    assert told.message
    assert len(str(told)) < LONGEST


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "parquet"])
@bounded
@given(content=st.binary(max_size=120) | text.map(str.encode))
@example(content=b"")
@example(content=b"\xff\xfe\x00")
@example(content=b"question,answer\n\x00,\r\r\n")
def test_bytes(ending: str, content: bytes, tmp_path: Path) -> None:
    read(tmp_path / f"rows.{ending}", content)


@bounded
@given(rows=st.lists(st.lists(text, max_size=4), max_size=5))
def test_cells(rows: list[list[str]], tmp_path: Path) -> None:
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    read(tmp_path / "rows.csv", "\n".join(["question,answer", *lines]).encode())


@pytest.mark.parametrize("ending", ["jsonl", "json"])
@bounded
@given(rows=st.lists(records, max_size=5))
@example(rows=[{"messages": [{"role": "user"}]}])
@example(rows=[{"question": float("nan"), "answer": []}])
def test_objects(ending: str, rows: list[Any], tmp_path: Path) -> None:
    content = "\n".join(map(json.dumps, rows)) if ending == "jsonl" else json.dumps(rows)
    read(tmp_path / f"rows.{ending}", content.encode())
