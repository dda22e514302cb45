"""Data files as exports, disks and people leave them: read as they are meant, or refused with the
row and the fix. None hangs, none fills the memory, none ends in a traceback."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainables.data.config import DataConfig
from trainables.data.pairs.config import PairsConfig
from trainables.data.pairs.registry import reader_of
from trainables.data.prepare import TextSplits, prepare_text
from trainables.data.sources import bounds, files
from trainables.errors import InputError

Damage = Callable[[Path], Any]
COUNT = 40


def row(n: int, **other: Any) -> dict[str, Any]:
    return {
        "question": f"What is the dose of drug {n}?",
        "answer": f"It is {n} milligrams a day.",
        **other,
    }


ROWS = [row(n) for n in range(COUNT)]


def jsonl(rows: list[Any]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in rows).encode()


def csv(rows: list[dict[str, Any]], end: str = "\n", header: bool = True) -> bytes:
    lines = ["question,answer"] if header else []
    lines += [f'"{each["question"]}","{each["answer"]}"' for each in rows]
    return "".join(line + end for line in lines).encode()


def prepared(source: Path, **given: Any) -> TextSplits:
    return prepare_text(DataConfig(source=str(source), **given))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


ALL = jsonl(ROWS)
DEEP = b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
READ: dict[str, tuple[str, bytes]] = {
    "a byte-order mark": ("jsonl", b"\xef\xbb\xbf" + ALL),
    "UTF-16": ("jsonl", ALL.decode().encode("utf-16")),
    "UTF-16 without a mark": ("csv", csv(ROWS).decode().encode("utf-16-le")),
    "Windows' line ends": ("jsonl", ALL.replace(b"\n", b"\r\n")),
    "old Mac's line ends": ("jsonl", ALL.replace(b"\n", b"\r")),
    "mixed line ends": (
        "jsonl",
        jsonl(ROWS[:9]) + jsonl(ROWS[9:20]).replace(b"\n", b"\r\n") + jsonl(ROWS[20:]),
    ),
    "mixed line ends of CSV": (
        "csv",
        csv(ROWS[:9]) + csv(ROWS[9:20], "\r\n", False) + csv(ROWS[20:], "\r", False),
    ),
    "NUL in a cell": ("csv", csv(ROWS).replace(b"drug 7?", b"drug\x00 7?")),
    "a lone surrogate": ("jsonl", ALL.replace(b"drug 7?", b"drug \\ud800 7?")),
    "null fields": ("jsonl", jsonl([*ROWS, row(50, answer=None), row(51, question=None)])),
    "NaN for a text": ("jsonl", ALL + b'{"question": "What is that?", "answer": NaN}\n'),
}


@pytest.mark.parametrize("case", READ)
def test_a_file_that_is_read_as_it_is_meant(case: str, tmp_path: Path) -> None:
    ending, content = READ[case]
    (file := tmp_path / f"rows.{ending}").write_bytes(content)
    found = prepared(file)
    assert sum(found.report["kept"].values()) == COUNT
    texts = {each.answer for each in (*found.train, *found.validation)}
    assert texts <= {each["answer"] for each in ROWS}


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "nothing": ("jsonl", b"", "the data set is empty"),
    "nothing in JSON": ("json", b" \n", "the data set is empty"),
    "only a mark": ("csv", b"\xef\xbb\xbf", "the data set is empty"),
    "only a header": ("csv", b"question,answer\n", "the data set is empty"),
    "an empty list": ("json", b"[]", "the data set is empty"),
    "an empty Parquet file": ("parquet", b"", "not a Parquet file"),
    "one row": ("jsonl", jsonl(ROWS[:1]), "1 of 1 rows left"),
    "one row, many times": ("jsonl", jsonl(ROWS[:1] * 50), "exact_duplicate 49"),
    "no answers": ("jsonl", jsonl([row(n, answer=None) for n in range(9)]), "short_answer 9"),
    "invalid UTF-8": (
        "jsonl",
        ALL.replace(b"drug 7?", "drüg 7?\xff".encode() + b"\xff"),
        "row|UTF",
    ),
    "a number for a text": ("jsonl", jsonl([*ROWS, row(50, answer=7)]), "row 41.*not text but int"),
    "infinity for a text": (
        "jsonl",
        ALL + b'{"question": "What is that?", "answer": Infinity}\n',
        "row 41.*not text but float",
    ),
    "a list for a text": ("jsonl", jsonl([*ROWS, row(50, answer=["a"])]), "not text but list"),
    "a column that ends": ("jsonl", jsonl([*ROWS, {"question": "What?"}]), "row 41 has no such"),
    "a list for a row": ("jsonl", ALL + b"[1]\n", "row 41 is not an object but list"),
    "zeros of a full disk": ("jsonl", ALL + bytes(5000), "row 41 is not JSON"),
    "a line cut off": ("jsonl", ALL[:-20], "row 40 is not JSON: Unterminated"),
    "too deep": ("jsonl", ALL + DEEP, "row 41 is not JSON: maximum recursion"),
    "too deep a whole": ("json", b"[" * 100_000, "is not JSON: maximum recursion"),
    "a number without end": ("jsonl", ALL + b"9" * 5000, "row 41 is not JSON: Exceeds the limit"),
    "a packed file": ("jsonl", b"\x1f\x8b\x08\x00" + bytes(60), "compressed with gzip"),
    "zeros as Parquet": ("parquet", b"PAR1\x15" + b"\xff" * 500 + b"PAR1", "not a Parquet file"),
    "a long cell": (
        "jsonl",
        ALL + b'{"question": "What?", "answer": "' + b"w" * (bounds.CELL + 1) + b'"}',
        "row 41, column 'answer' has 10,000,001 characters",
    ),
    "a long chat": (
        "jsonl",
        b'{"messages": [{"role": "user", "content": "' + b"w" * (bounds.CELL + 1) + b'"}]}',
        "row 1, column 'messages' has",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_refused(case: str, tmp_path: Path) -> None:
    ending, content, said = REFUSED[case]
    (file := tmp_path / f"rows.{ending}").write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        prepared(file)
    assert error.value.fix


def linked(to: str) -> Damage:
    return lambda file: file.symlink_to(to)


PLACES: dict[str, tuple[Damage, str]] = {
    "a folder": (Path.mkdir, "no such file: it is a folder"),
    "a pipe": (os.mkfifo, "it is a device or a pipe"),
    "a device": (linked("/dev/zero"), "it is a device or a pipe"),
    "a dead link": (linked("nowhere"), "no such file"),
    "a link to itself": (linked("rows.jsonl"), "no such file"),
    "what the system will not read": (linked("/proc/self/mem"), "cannot be read: "),
}


@pytest.mark.parametrize("case", PLACES)
def test_what_stands_in_the_place_of_a_file(case: str, tmp_path: Path) -> None:
    make, said = PLACES[case]
    make(file := tmp_path / "rows.jsonl")
    with pytest.raises(InputError, match=said):
        prepared(file)
    pairs = PairsConfig(source=str(file))
    with pytest.raises(InputError, match=said):
        reader_of(pairs).fingerprint(pairs, True)


def test_a_name_that_no_disk_has(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        prepared(tmp_path / ("x" * 300 + ".jsonl"))


def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file := tmp_path / "rows.jsonl").write_bytes(ALL)
    whole = files.read_jsonl

    def growing(path: Path) -> Any:
        yield from whole(path)
        with path.open("ab") as stream:
            stream.write(jsonl([row(50)]))

    monkeypatch.setitem(files.READERS, ".jsonl", growing)
    with pytest.raises(InputError, match="changed while it was read"):
        prepared(file)


def parquet(file: Path, answers: Any, **options: Any) -> None:
    table = pa.table({"question": [f"What is drug {n}?" for n in range(len(answers))]})
    pq.write_table(table.append_column("answer", answers), file, **options)


def test_damaged_parquet(tmp_path: Path) -> None:
    answers = pa.array([each["answer"] for each in ROWS])
    parquet(file := tmp_path / "rows.parquet", answers, compression="zstd")
    whole = file.read_bytes()
    for broken in (whole[:-100], whole[:60] + b"\xff" * 200 + whole[260:]):
        file.write_bytes(broken)
        with pytest.raises(InputError, match="not a Parquet file"):
            prepared(file)
    raw = pa.array([b"\xff\xfe no text"] * COUNT, pa.binary())
    parquet(file, pa.Array.from_buffers(pa.string(), COUNT, raw.buffers()))
    with pytest.raises(InputError, match="not a Parquet file: 'utf-8' codec"):
        prepared(file)


def test_a_parquet_file_that_unpacks_to_far_more_than_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "SMALL", 100_000)
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 5000, pa.int32()), pa.array(["x" * 1000]))
    parquet(file := tmp_path / "rows.parquet", once, compression="zstd")
    with pytest.raises(InputError, match=r"holds over .* characters in .* bytes"):
        prepared(file)


def test_a_long_line_of_marks_is_looked_through_at_once(tmp_path: Path) -> None:
    """A regular expression over all of it would take hours."""
    (file := tmp_path / "rows.jsonl").write_bytes(
        jsonl([*ROWS, row(50, answer="#" * 200_000 + "x")])
    )
    assert prepared(file).report["rows_read"] == COUNT + 1
