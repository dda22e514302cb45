"""A local file of rows: .jsonl, .json, .csv, .tsv or .parquet, in UTF-8, or another
encoding that `encodings` knows.

A row's id is its number in the file, from 1 (in a JSON object of objects: its key).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from trainables.cache import file_sha256
from trainables.data.config import DataConfig
from trainables.data.sources.bounds import bounded, existing, readable, unpacked
from trainables.data.sources.columns import TableRecord, how_read, rows_of, unread_by_rows
from trainables.data.sources.csv_cells import csv_rows
from trainables.data.sources.delimited import NAMES, separator, without_excels_line
from trainables.data.sources.encodings import read_text, same_breaks, text_of
from trainables.data.sources.signatures import refuse_another
from trainables.data.sources.source import SourceRows
from trainables.errors import InputError

FIELD = "data.source"
BATCH = 8192  # rows of a Parquet file that are unpacked together
LINES = 'Write a list of objects, or an object a line: {"question": …, "answer": …}.'
WHOLE = "It seems to be cut off or damaged: fetch or write it again."


def fingerprint(config: DataConfig, online: bool) -> str:
    """The file's format and SHA-256: moving the file changes nothing."""
    path = existing(config.source)
    with readable(config.source):
        return f"file:{path.suffix.lower()}:{file_sha256(path)}"


def read(config: DataConfig, asked: str) -> SourceRows:
    """All rows of the file, in its order; raises InputError with the row where it cannot."""
    found = list(records(config))
    if fingerprint(config, False) != asked:
        fix = "Wait until it is whole, then start again."
        raise InputError(FIELD, config.source, "changed while it was read", fix)
    rows = rows_of(found, config.fields, config.source, config.rationale)
    how = (*_found(config), *how_read(found, config.fields))
    said = "".join(f" ({what})" for what in how)
    version = f"sha256 {asked.rpartition(':')[2]}{said}"
    return SourceRows(rows, version, how=(*how, *unread_by_rows(found, config.fields)))


def _found(config: DataConfig) -> Iterator[str]:
    """How the file is written, where that is not the usual way."""
    path = existing(config.source)
    if path.suffix.lower() == ".parquet":
        return
    text, encoding = read_text(path)
    if encoding:
        yield f"read as {encoding}"
    if path.suffix.lower() in (".csv", ".tsv") and (mark := separator(text)) != ",":
        yield f"cells separated by {NAMES[mark]}s"


def records(config: DataConfig) -> Iterator[TableRecord]:
    """The file's records; raises InputError where it is of no known kind."""
    path = existing(config.source)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        message, fix = "not a file of a known kind", f"Write a file ending in {', '.join(READERS)}."
        raise InputError(FIELD, config.source, message, fix)
    return bounded(reader(path))


def read_jsonl(path: Path) -> Iterator[TableRecord]:
    """A JSON object a line; blank lines are skipped but counted."""
    for number, line in enumerate(same_breaks(text_of(path)).split("\n"), start=1):
        if line.strip():
            where = f"{path.name}, row {number}"
            yield TableRecord(str(number), where, _object(_json(line, where), where))


def read_json(path: Path) -> Iterator[TableRecord]:
    """A list of objects, or an object of objects."""
    text = text_of(path)
    if not text.strip():
        return
    try:
        data = loads(text)
    except (ValueError, RecursionError) as error:
        if str(error).startswith("Extra data"):  # an object a line, under another name
            yield from read_jsonl(path)
            return
        raise _not_json(text, path.name, error) from None
    if isinstance(data, dict):
        _refuse_wrapped(data, path)
    if isinstance(data, dict):
        entries = [(str(key), value) for key, value in data.items()]
    elif isinstance(data, list):
        entries = [(str(number), value) for number, value in enumerate(data, start=1)]
    else:
        raise InputError(FIELD, path.name, "neither a list nor an object of rows", LINES)
    for key, value in entries:
        where = f"{path.name}, row {key}"
        yield TableRecord(key, where, _object(value, where))


def read_csv(path: Path) -> Iterator[TableRecord]:
    """A header and then a row a record, RFC 4180 quotes; separated by what `separator` finds."""
    text = without_excels_line(text_of(path))
    rows, problem = csv_rows(text)
    header = rows[0].cells if rows else []
    refuse_twice(header, path.name)
    for number, (line, cells) in enumerate(rows[1:], start=1):
        where = f"{path.name}, row {number} (line {line})"
        if len(cells) != len(header):
            message = f"{where} has {len(cells)} cells but the header has {len(header)}"
            fix = f"Quote cells that hold a {NAMES[separator(text)]}."
            if len(cells) < len(header):
                fix = "Add what is missing, empty cells too; or the row is broken in two."
            raise InputError(FIELD, short(cells), message, fix)
        yield TableRecord(str(number), where, dict(zip(header, cells, strict=True)))
    if problem:
        raise _bad_csv(path, text, max(1, len(rows)), *problem)


def refuse_twice(columns: Iterable[str], where: str) -> None:
    """InputError where two columns have one name: nobody could say which is meant."""
    names = list(columns)
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        places = [str(at) for at, name in enumerate(names, 1) if name == twice[0]]
        message = f"{where}: columns {' and '.join(places)} are both called {twice[0]!r}"
        raise InputError(FIELD, twice[0], message, "Give each column a name of its own.")


def loads(text: str) -> object:
    """JSON in which no object has a key twice; raises ValueError, RecursionError, InputError."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise ValueError(f"two columns are called {twice!r}: give each a name of its own")
    return found


def short(value: object) -> str:
    """A value as an error shows it: at most 60 characters."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _bad_csv(path: Path, text: str, number: int, line: int, error: Exception) -> InputError:
    lines = text.split("\n")
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    message = f"{path.name}, row {number} (line {line}): bad CSV: {error}"
    fix = 'Write a quotation mark inside a quoted cell twice ("").'
    if '\\"' in text:
        fix = 'The file writes \\" for a quotation mark inside a cell; CSV writes it twice: "".'
    return InputError(FIELD, short(shown), message, fix)


def _refuse_wrapped(data: dict[str, object], path: Path) -> None:
    """An object around a list of rows is not an object of rows."""
    lists = [k for k, v in data.items() if isinstance(v, list) and v and isinstance(v[0], dict)]
    if not lists or all(isinstance(value, dict) for value in data.values()):
        return
    message = f"{path.name}: the rows are a list under the key {lists[0]!r}, not the file itself"
    fix = f"Write that list alone, e.g.: jq -c '.[\"{lists[0]}\"][]' {path.name} > rows.jsonl"
    raise InputError(FIELD, path.name, message, fix)


def read_parquet(path: Path) -> Iterator[TableRecord]:
    """A row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with path.open("rb") as opened:
        refuse_another(path, opened.read(64), expected=b"PAR1\x15")
    try:
        table = pq.ParquetFile(path)
        refuse_twice(table.schema_arrow.names, path.name)
        batches = table.iter_batches(BATCH)
        cells = (row for batch in batches for row in batch.to_pylist())
        rows = (
            TableRecord(str(number), f"{path.name}, row {number}", row)
            for number, row in enumerate(cells, start=1)
        )
        yield from unpacked(rows, path)
    except (pa.ArrowException, OSError, ValueError) as error:  # text of no UTF-8 among them
        raise InputError(FIELD, path.name, f"not a Parquet file: {error}", WHOLE) from None


def sha256_of(parts: list[str]) -> str:
    """The SHA-256 of several texts in their order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


READERS: dict[str, Callable[[Path], Iterator[TableRecord]]] = {
    ".jsonl": read_jsonl,
    ".json": read_json,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}


def _json(text: str, where: str) -> object:
    try:
        return loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_json(text, where, error) from None


def _not_json(text: str, where: str, error: Exception) -> InputError:
    fix = f"Correct that row.{_hint(text, str(error))}"
    return InputError(FIELD, short(text), f"{where} is not JSON: {error}", fix)


def _hint(text: str, error: str) -> str:
    """What is usually behind this error."""
    if error.startswith("Extra data"):
        return " Write one object a line."
    if error.startswith("Unterminated string"):
        return f" {WHOLE}"
    begin = text.strip()
    if begin[:2] in ("{'", "['"):
        return " JSON writes texts in double quotes, and true, false and null."
    if begin in ("{", "["):
        return " Each row is on a line of its own in .jsonl: jq -c . FILE writes them so."
    if re.search(r",\s*[\]}]", begin):
        return " JSON has no comma before a closing bracket."
    if begin.startswith("[") and not begin.endswith("]"):
        return " A list of rows is a .json file: give it that ending."
    return ""


def _object(value: object, where: str) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    message = f"{where} is not an object but {type(value).__name__}"
    fix = 'Write {"question": …, "answer": …}.'
    if isinstance(value, list) and ", row " in where and not where.rpartition(" ")[2].isdigit():
        fix += " pandas does with to_json(FILE, orient='records', lines=True)."
    raise InputError(FIELD, str(value)[:60], message, fix)
