"""The cells of a CSV file's text, with what Python's reader says of them."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from trainables.data.sources.delimited import separator


class CsvRow(NamedTuple):
    """A row's cells, and the number of the line that it ends on."""

    line: int
    cells: list[str]


class BadCsv(NamedTuple):
    """Where the reader gave up, and why."""

    line: int
    error: csv.Error


def csv_rows(text: str) -> tuple[list[CsvRow], BadCsv | None]:
    """Every row, the header first, and what follows them that is no CSV (RFC 4180). Empty lines
    are no rows."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator(text))
    found: list[CsvRow] = []
    with _cells_of(len(text)):
        try:
            for cells in reader:
                if cells:
                    found.append(CsvRow(reader.line_num, cells))
        except csv.Error as error:
            return found, BadCsv(reader.line_num, error)
    return found, None


@contextmanager
def _cells_of(length: int) -> Iterator[None]:
    """Cells of that many characters are read as others are. The module's limit is the process's:
    others find it as they left it."""
    before = csv.field_size_limit()
    csv.field_size_limit(max(before, length))
    try:
        yield
    finally:
        csv.field_size_limit(before)
