"""A local file of rows: .jsonl, .json, .csv or .parquet, in UTF-8.

A row's id is its number in the file, from 1 (in a JSON object of objects: its key).
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from trainables.cache import file_sha256
from trainables.data.config import DataConfig
from trainables.data.sources.columns import TableRecord, rows_of
from trainables.data.sources.source import SourceRows
from trainables.errors import InputError

FIELD = "data.source"


def fingerprint(config: DataConfig, online: bool) -> str:
    """The file's format and SHA-256: moving the file changes nothing."""
    path = _existing(config.source)
    return f"file:{path.suffix.lower()}:{file_sha256(path)}"


def read(config: DataConfig, fingerprint: str) -> SourceRows:
    """All rows of the file, in its order; raises InputError with the row where it cannot."""
    rows = rows_of(records(config), config.fields, config.source)
    return SourceRows(rows, f"sha256 {fingerprint.rpartition(':')[2]}")


def records(config: DataConfig) -> Iterator[TableRecord]:
    """The file's records; raises InputError where it is of no known kind."""
    path = _existing(config.source)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        message, fix = "not a file of a known kind", f"Write a file ending in {', '.join(READERS)}."
        raise InputError(FIELD, config.source, message, fix)
    return reader(path)


def read_jsonl(path: Path) -> Iterator[TableRecord]:
    """A JSON object a line; blank lines are skipped but counted."""
    for number, line in enumerate(utf8(path).split("\n"), start=1):
        if line.strip():
            where = f"{path.name}, row {number}"
            yield TableRecord(str(number), where, _object(_json(line, where), where))


def read_json(path: Path) -> Iterator[TableRecord]:
    """A list of objects, or an object of objects."""
    data = _json(utf8(path), path.name)
    if isinstance(data, dict):
        entries = [(str(key), value) for key, value in data.items()]
    elif isinstance(data, list):
        entries = [(str(number), value) for number, value in enumerate(data, start=1)]
    else:
        raise InputError(FIELD, path.name, "neither a list nor an object of rows")
    for key, value in entries:
        where = f"{path.name}, row {key}"
        yield TableRecord(key, where, _object(value, where))


def read_csv(path: Path) -> Iterator[TableRecord]:
    """A header and then a row a record, comma-separated, RFC 4180 quotes."""
    reader = csv.reader(io.StringIO(utf8(path), newline=""), strict=True)
    try:
        header = next(reader, [])
        for number, cells in enumerate((cells for cells in reader if cells), start=1):
            where = f"{path.name}, row {number} (line {reader.line_num})"
            if len(cells) != len(header):
                message = f"{where} has {len(cells)} cells but the header has {len(header)}"
                raise InputError(FIELD, path.name, message, "Quote cells that hold a comma.")
            yield TableRecord(str(number), where, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        message = f"bad CSV at line {reader.line_num}: {error}"
        raise InputError(FIELD, path.name, message) from None


def read_parquet(path: Path) -> Iterator[TableRecord]:
    """A row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        batches = pq.ParquetFile(path).iter_batches()
        cells = (row for batch in batches for row in batch.to_pylist())
        for number, row in enumerate(cells, start=1):
            yield TableRecord(str(number), f"{path.name}, row {number}", row)
    except pa.ArrowInvalid as error:
        raise InputError(FIELD, path.name, f"not a Parquet file: {error}") from None


def sha256_of(parts: list[str]) -> str:
    """The SHA-256 of several texts in their order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


READERS: dict[str, Callable[[Path], Iterator[TableRecord]]] = {
    ".jsonl": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".parquet": read_parquet,
}


def _existing(source: str) -> Path:
    path = Path(source).expanduser()
    if not path.is_file():
        fix = f"Give an existing file; relative paths start at {Path.cwd()}."
        raise InputError(FIELD, source, "no such file", fix)
    return path


def utf8(path: Path) -> str:
    """A file's text without a byte-order mark; raises InputError where it is not UTF-8."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # a byte-order mark is cut off before decoding, which shifts the codec's positions
        at = error.start + len(content) - len(error.object)
        line = content[:at].count(b"\n") + 1
        message = f"not UTF-8 at byte {at} (line {line}): {content[at : at + 1]!r}"
        raise InputError(FIELD, path.name, message, "Save the file as UTF-8.") from None


def _json(text: str, where: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(FIELD, text[:60], f"{where} is not JSON: {error}") from None


def _object(value: object, where: str) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    message = f"{where} is not an object but {type(value).__name__}"
    fix = 'Write {"question": …, "answer": …}.'
    raise InputError(FIELD, str(value)[:60], message, fix)
