from pathlib import Path

import pyarrow as pa
import pytest

from trainables.data.entries import ENTRY, entry_folder, read_entry, read_report, write_entry

TABLES = {"train": pa.table({"x": [1, 2]}), "validation": pa.table({"x": [3]})}
REPORT = {"rows_read": 3}


@pytest.fixture
def folder(cache: Path) -> Path:
    folder = entry_folder("text", "key")
    assert folder.is_relative_to(cache)
    write_entry(folder, TABLES, REPORT)
    return folder


def test_reads_what_was_written(folder: Path) -> None:
    entry = read_entry(folder)
    assert entry is not None
    assert {name: table.to_pylist() for name, table in entry[0].items()} == {
        "train": [{"x": 1}, {"x": 2}],
        "validation": [{"x": 3}],
    }
    assert entry[1] == read_report(folder) == REPORT
    assert {path.name for path in folder.iterdir()} == {*(f"{n}.parquet" for n in TABLES), ENTRY}


@pytest.mark.parametrize("name", ["train.parquet", ENTRY])
@pytest.mark.parametrize("content", [b"", b"{}", b"damaged"])
def test_a_damaged_entry_is_absent(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    assert read_entry(folder) is None


def test_one_flipped_bit_is_damage(folder: Path) -> None:
    path = folder / "train.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert read_entry(folder) is None


def test_another_intact_table_is_damage(folder: Path) -> None:
    (folder / "train.parquet").write_bytes((folder / "validation.parquet").read_bytes())
    assert read_entry(folder) is None


def test_without_the_last_file_there_is_no_entry(folder: Path) -> None:
    (folder / ENTRY).unlink()
    assert read_entry(folder) is None
    assert read_report(folder) is None


def test_absent() -> None:
    assert read_entry(Path("nowhere")) is None
    assert read_report(Path("nowhere")) is None
