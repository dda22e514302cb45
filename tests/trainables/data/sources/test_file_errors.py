"""What is wrong with a file is told with file, row, column, value and fix, in few lines."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from trainables.data.config import DataConfig
from trainables.data.formats.reading import read_rows
from trainables.data.rows import Row
from trainables.data.sources import files
from trainables.data.sources.registry import source_of
from trainables.errors import InputError

PAIR = {"question": "What is fever?", "answer": "A raised temperature, mostly."}


def rows_in(path: Path, content: str | bytes, **options: Any) -> list[Row]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    config = DataConfig(source=str(path), **options)
    return list(files.read(config, files.fingerprint(config, True)).rows)


def refused(path: Path, content: str | bytes, *said: str, **options: Any) -> None:
    with pytest.raises(InputError) as caught:
        rows_in(path, content, **options)
    text = str(caught.value)
    assert path.name in text
    for part in said:
        assert part in text
    assert caught.value.fix
    assert len(text.splitlines()) <= 12
    assert len(text) < 2000


@pytest.mark.parametrize(
    ("mark", "suffix"), [(";", "csv"), ("\t", "csv"), ("\t", "tsv"), (",", "csv")]
)
def test_separators_are_found(tmp_path: Path, mark: str, suffix: str) -> None:
    content = f'question{mark}answer\nWhat is fever?{mark}"A raised temperature{mark} mostly."\n'
    (found,) = rows_in(tmp_path / f"a.{suffix}", content)
    assert (found.question, found.answer) == (
        "What is fever?",
        f"A raised temperature{mark} mostly.",
    )


def version(path: Path, **options: Any) -> str:
    config = DataConfig(source=str(path), **options)
    source = source_of(config)
    return source.read(config, str(source.fingerprint(config, True))).version


def test_utf16_and_cp1252_are_read_and_told(tmp_path: Path) -> None:
    content = "question,answer\nWas ist Übelkeit?,Ein Gefühl.\n"
    (found,) = rows_in(tmp_path / "a.csv", content.encode("utf-16"))
    assert found.question == "Was ist Übelkeit?"
    assert version(tmp_path / "a.csv").endswith(" (read as UTF-16)")
    content = "question;answer\nWas ist „Übelkeit“?;Ein Gefühl – 5 µg.\n"
    (found,) = rows_in(tmp_path / "b.csv", content.encode("cp1252"))
    assert (found.question, found.answer) == ("Was ist „Übelkeit“?", "Ein Gefühl – 5 µg.")
    said = version(tmp_path / "b.csv")
    assert said.endswith(" (read as Windows-1252) (cells separated by semicolons)")
    line = json.dumps({"instruction": "Wärme?", "output": "Körperwärme."}, ensure_ascii=False)
    (tmp_path / "c.jsonl").write_bytes(line.encode("cp1252"))
    assert version(tmp_path / "c.jsonl", format="alpaca").endswith(" (read as Windows-1252)")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("question,answer\nЧто такое лихорадка?,Высокая температура.\n".encode("cp1251"), "iconv"),
        ("question,answer\n発熱とは何ですか,体温の上昇です\n".encode("shift-jis"), "iconv"),
        ("question,answer\nÜber".encode() + b"\xfcber,Wahr\n", "correct that byte"),
        ("question,answer\nWas?,Wahr ü".encode()[:-1], "iconv"),
        (b"question,answer\nWhat?,So \x81 it is\n", "iconv"),
        (b"\0\xff\xfe\0\xfc", "no text at all"),
    ],
)
def test_what_is_no_windows_1252_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    refused(tmp_path / "a.csv", content, "not UTF-8 at byte", said)


def test_lines_under_the_name_of_json(tmp_path: Path) -> None:
    content = "".join(json.dumps(PAIR) + "\n" for _ in range(3))
    assert len(rows_in(tmp_path / "a.json", content)) == 3


def test_wrapped_rows(tmp_path: Path) -> None:
    content = json.dumps({"version": "1", "data": [PAIR] * 5000})
    refused(tmp_path / "a.json", content, "'data'", "jq -c")


def test_backslashes_in_csv(tmp_path: Path) -> None:
    content = 'question,answer\n"What?","They call it \\"the pill\\"."\n'
    refused(tmp_path / "a.csv", content, "row 1 (line 2)", 'twice: ""')


@pytest.mark.parametrize("nothing", ["null", "NaN"])
def test_absent_texts_are_empty(tmp_path: Path, nothing: str) -> None:
    (found,) = rows_in(tmp_path / "a.jsonl", f'{{"question": "Why?", "answer": {nothing}}}\n')
    assert found.answer == ""


def test_two_columns_of_one_name(tmp_path: Path) -> None:
    refused(tmp_path / "a.csv", "question,answer,answer\na,b,c\n", "2 and 3", "'answer'")
    line = '{"question": "a", "answer": "b", "answer": "c"}\n'
    refused(tmp_path / "a.jsonl", line, "row 1", "'answer'")
    refused(tmp_path / "a.json", f"[{line}]", "'answer'")


def test_alpaca_is_named_and_loses_no_row(tmp_path: Path) -> None:
    lines = [
        {"instruction": "Answer as a pharmacist.", "input": "What is fever?", "output": "Heat."},
        {"instruction": "What is pain?", "input": "", "output": "It\n- hurts"},
        {"instruction": "What is sweat?", "output": "Water."},
    ]
    path = tmp_path / "a.jsonl"
    refused(
        path, "".join(json.dumps(line) + "\n" for line in lines), "row 1", "data.format: alpaca"
    )
    found = read_rows(DataConfig(source=str(path), format="alpaca"), "x:y").rows
    assert [row.question for row in found] == [
        "Answer as a pharmacist.\n\nWhat is fever?",
        "What is pain?",
        "What is sweat?",
    ]
    assert found[1].answer == "It\n- hurts"


@pytest.mark.parametrize("column", ["messages", "conversations"])
def test_chats_are_told_where_other_columns_are_named(tmp_path: Path, column: str) -> None:
    content = json.dumps({column: [{"role": "user"}]})
    refused(tmp_path / "a.jsonl", content, column, "chats", fields={"question": "q"})


def test_many_columns_and_long_values(tmp_path: Path) -> None:
    wide = {f"c{n}": "x" * 1000 for n in range(300)}
    refused(tmp_path / "a.jsonl", json.dumps(wide), "and 288 more")
    refused(tmp_path / "b.jsonl", json.dumps(PAIR | {"answer": ["x"] * 9999}), "'answer'", "list")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"\x1f\x8b\x08\x00junk", ("gzip", "gunzip -k a.jsonl")),
        ("a.csv", b"PK\x03\x04\x14\x00", ("Excel workbook", "save the sheet as CSV")),
        ("a.parquet", b"PK\x03\x04\x14\x00", ("Excel workbook",)),
        ("a.csv", b"PAR1\x15junk", ("a Parquet file", "a.csv.parquet")),
        ("a.parquet", b"PAR1junkjunkPAR1", ("not a Parquet file", "cut off or damaged")),
        ("a.jsonl", b"\n<!DOCTYPE html><html>404", ("a web page", "again")),
        ("a.json", b"version https://git-lfs.github.com/spec/v1\noid x", ("git lfs pull",)),
        ("a.json", b"42", ("neither a list", "Write a list of objects")),
        ("a.jsonl", b'{"question": "a", "answer": "b"}{"question": "c"}', ("one object a line",)),
        ("a.jsonl", b'{"question": "a", "answer": "b', ("row 1", "cut off or damaged")),
        ("a.jsonl", b"{'question': 'a', 'answer': None}", ("row 1", "double quotes")),
        ("a.csv", b"question,answer\nonly\n", ("line 2", "Add what is missing")),
        ("a.csv", b"question,answer\na,b,c\n", ("line 2", "Quote cells that hold a comma")),
    ],
)
def test_what_a_file_is_in_truth(
    tmp_path: Path, name: str, content: bytes, said: tuple[str, ...]
) -> None:
    refused(tmp_path / name, content, *said)


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    content = f"question,answer\nWhat is fever?,{'word ' * 40_000}\n"
    (found,) = rows_in(tmp_path / "long.csv", content)
    assert len(found.answer) > 190_000


def test_columns_called_as_a_signature_are_columns(tmp_path: Path) -> None:
    content = "question,PAR1,answer\nWhat is fever?,x,A raised temperature.\n"
    assert len(rows_in(tmp_path / "a.csv", content)) == 1
    content = "PAR1,answer\nWhat is fever?,A raised temperature.\n"
    fields = {"question": "PAR1", "answer": "answer"}
    assert rows_in(tmp_path / "b.csv", content, fields=fields)[0].question == "What is fever?"


def test_reading_leaves_the_csv_module_s_limit_as_it_was(tmp_path: Path) -> None:
    """It is the whole process's: other code reads CSV too."""
    before = csv.field_size_limit()
    path = tmp_path / "long.csv"
    path.write_text(f"question,answer\nWhat?,{'a' * (before + 10)}\n")
    assert len(str(next(iter(files.read_csv(path))).cells["answer"])) == before + 10
    assert csv.field_size_limit() == before
    path.write_text(f'question,answer\n"What?,{"a" * (before + 10)}\n')
    with pytest.raises(InputError, match="bad CSV"):
        list(files.read_csv(path))
    assert csv.field_size_limit() == before


def test_the_first_fault_of_a_file_is_told_not_the_last(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text('question,answer\nWhat?,That.,and more\n"open\n')
    with pytest.raises(InputError, match=r"row 1 \(line 2\) has 3 cells"):
        list(files.read_csv(path))
