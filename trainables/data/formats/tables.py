"""The records of a local table, whatever its file format. Never shows what a cell holds."""

from collections.abc import Iterator
from pathlib import Path

from trainables.data.sources.bounds import bounded
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.encodings import same_breaks, text_of
from trainables.data.sources.files import loads, read_csv, read_parquet
from trainables.errors import InputError

FIELD = "data.source"


def table_records(path: Path) -> Iterator[TableRecord]:
    """The records of a .csv, .parquet, .jsonl or .json file; raises InputError.

    A .json file is a list or an object of objects, or, as several data sets are published, a
    JSON object a line.
    """
    return bounded(_records(path))


def _records(path: Path) -> Iterator[TableRecord]:
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        return read_csv(path)
    if suffix == ".parquet":
        return read_parquet(path)
    if suffix == ".jsonl":
        return _lines(path, text_of(path))
    if suffix == ".json":
        return _json(path)
    fix = "Give a .json, .jsonl, .csv or .parquet file, or the folder that holds them."
    raise InputError(FIELD, str(path), "not a table of a known kind", fix)


def whole_json(path: Path) -> object:
    """A JSON file's content; raises InputError."""
    try:
        return loads(text_of(path))
    except (ValueError, RecursionError) as error:
        raise _bad(path.name, error) from None


def _json(path: Path) -> Iterator[TableRecord]:
    text = text_of(path)
    try:
        data = loads(text)
    except (ValueError, RecursionError) as error:
        if not str(error).startswith("Extra data"):
            raise _bad(path.name, error) from None
        return _lines(path, text)
    if isinstance(data, list):
        return (_record(path, str(n), row) for n, row in enumerate(data, start=1))
    if isinstance(data, dict) and all(isinstance(row, dict) for row in data.values()):
        return (_record(path, str(key), row) for key, row in data.items())
    return iter([_record(path, "1", data)])  # a lone object: one line of a file of lines


def _lines(path: Path, text: str) -> Iterator[TableRecord]:
    for number, line in enumerate(same_breaks(text).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield _record(path, str(number), loads(line))
        except (ValueError, RecursionError) as error:
            raise _bad(f"{path.name}, row {number}", error) from None


def _record(path: Path, key: str, row: object) -> TableRecord:
    where = f"{path.name}, row {key}"
    if isinstance(row, dict):
        return TableRecord(key, where, row)
    raise InputError(FIELD, path.name, f"{where} is not an object but {type(row).__name__}")


def _bad(where: str, error: Exception) -> InputError:
    return InputError(FIELD, where, f"not JSON: {error}", "Check that the file is whole.")
