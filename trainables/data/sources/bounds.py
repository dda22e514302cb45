"""What no row of text needs, and what a file that cannot be read is told as."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.data.sources.table import TableRecord
from trainables.errors import InputError

FIELD = "data.source"
CELL = 10_000_000  # characters; a long book has 3,000,000, and no model reads as many tokens
EXPANDED = 200  # times a packed file's own size; Parquet packs text to a tenth, bombs far further
SMALL = 256_000_000  # characters that any file may hold


def bounded(records: Iterable[TableRecord]) -> Iterator[TableRecord]:
    """The records; raises InputError at a cell that is too long to be a row's text."""
    for record in records:
        for name, value in record.cells.items():
            if (length := _length(value)) > CELL:
                message = f"{record.where}, column {name[:40]!r} has {length:,} characters"
                fix = f"Part it: a row may have {CELL:,}, of which models read a small part."
                raise InputError(FIELD, None, message, fix)
        yield record


def unpacked(records: Iterable[TableRecord], file: Path) -> Iterator[TableRecord]:
    """The records of a compressed file; raises InputError where they have far more text than its
    size explains."""
    most, found = max(SMALL, EXPANDED * file.stat().st_size), 0
    for record in records:
        found += sum(map(_length, record.cells.values()))
        if found > most:
            message = f"holds over {most:,} characters in {file.stat().st_size:,} bytes"
            fix = "It would fill the memory. Write it again without what repeats, or as .jsonl."
            raise InputError(FIELD, file.name, message, fix)
        yield record


def _length(value: object) -> int:
    """Characters of a cell, of all that is in it."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_length, value.values()))
    return sum(map(_length, value)) if isinstance(value, list) else 0


@contextmanager
def readable(source: str) -> Iterator[None]:
    """An InputError for what the operating system says of a file: no permission, a broken disk."""
    try:
        yield
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise InputError(FIELD, source, message, "Give a file that you may read.") from error


def existing(source: str) -> Path:
    """The path of a file; raises InputError where it is none, with what it is instead."""
    path = Path(source).expanduser()
    with readable(source):
        if path.is_file():
            return path
        fix = f"Give an existing file; relative paths start at {Path.cwd()}."
        if path.is_dir():
            raise InputError(FIELD, source, "no such file: it is a folder", fix)
        if path.exists():
            raise InputError(FIELD, source, "no such file: it is a device or a pipe", fix)
        raise InputError(FIELD, source, "no such file", fix)
