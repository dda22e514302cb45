"""Files of any content: each reader gives rows or says what is wrong, and raises nothing else.

A bounded form for each change; MEDSWEEP_FUZZ sets how many examples a test takes.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sweeps.launch.on_ray import read_spec
from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from trainables.data.config import DataConfig
from trainables.data.formats.registry import FORMATS
from trainables.data.pairs.config import PairsConfig
from trainables.data.pairs.registry import reader_of
from trainables.data.sources import files
from trainables.data.sources.registry import source_of
from trainables.errors import InputError
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import load
from trainables.evaluation.benchmarks.registry import BENCHMARKS

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


COLUMNS = (
    *("question", "options", "cop", "opa", "opb", "exp", "answer", "context", "answers", "data"),
    *("prompt", "chosen", "rejected", "final_decision", "CONTEXTS", "QUESTION", "LONG_ANSWER"),
    *("instruction", "input", "output", "messages", "paragraphs", "qas", "id", "text", "label"),
)
published = st.lists(
    st.dictionaries(st.sampled_from(COLUMNS), cells, min_size=1, max_size=8), min_size=1, max_size=3
)


@bounded
@given(rows=published, name=st.sampled_from(sorted(FORMATS)))
def test_published_formats_and_pairs(rows: list[Any], name: str, tmp_path: Path) -> None:
    (file := tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data, pairs = DataConfig(source=str(file), format=name), PairsConfig(source=str(file))
    both: list[tuple[Any, Any]] = [(source_of(data), data), (reader_of(pairs), pairs)]
    for reader, config in both:
        with suppress(InputError):
            reader.read(config, reader.fingerprint(config, True))


@bounded
@given(rows=published, name=st.sampled_from(sorted(BENCHMARKS)))
def test_benchmark_items(rows: list[Any], name: str, tmp_path: Path) -> None:
    (file := tmp_path / "items.json").write_text(json.dumps(rows))
    with suppress(InputError):
        load(BenchmarkConfig(name=name, source=str(file)))


@bounded
@given(place=st.integers(0, 10_000), value=values)
@example(place=0, value=[])
def test_the_spec_of_a_run_folder(place: int, value: Any, tmp_path: Path) -> None:
    """One field of it replaced."""
    whole = load_spec("toy", []).spec.model_dump(mode="json")
    holders = list(_objects(whole))
    holder = holders[place % len(holders)]
    holder[list(holder)[place % len(holder)]] = value
    (tmp_path / "spec.resolved.json").write_text(json.dumps(whole))
    with suppress(SpecError):
        read_spec(tmp_path)


def _objects(content: Any) -> Iterator[dict[str, Any]]:
    if isinstance(content, dict) and content:
        yield content
        for inner in content.values():
            yield from _objects(inner)
