"""From records with columns to rows, by the spec's field mapping. Shared by files and the hub."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from trainables.data.config import FieldMapping
from trainables.data.rows import Row
from trainables.data.sources.source import own_group
from trainables.errors import InputError

SHOWN_COLUMNS = 12  # in an error


class TableRecord(NamedTuple):
    """One record of a table: its id, where it stands ("train.jsonl, row 3") and its cells."""

    id: str
    where: str
    cells: Mapping[str, object]


def rows_of(records: Iterable[TableRecord], mapping: FieldMapping, source: str) -> list[Row]:
    """A row a record; raises InputError for the first record that does not fit the mapping."""
    rows = list(_rows(records, mapping))
    if not rows:
        raise InputError("data.source", source, "the data set is empty", "Give at least 20 rows.")
    return rows


def _rows(records: Iterable[TableRecord], mapping: FieldMapping) -> Iterator[Row]:
    for record in records:
        question = _text(record, "question", mapping.question)
        answer = _text(record, "answer", mapping.answer)
        group = group_of(record, mapping.group) or own_group(question)
        yield Row(record.id, group, question, answer)


def cell(record: TableRecord, field: str, column: str) -> object:
    """What the record has in that column, which `data.fields.FIELD` names; raises InputError."""
    if column in record.cells:
        return record.cells[column]
    nearest = difflib.get_close_matches(column, list(record.cells), 1)
    fix = _whole_layout(record) or (
        f"Did you mean {nearest[0]!r}?" if nearest else "Name the column in data.fields."
    )
    message = f"{record.where} has no such column; it has {_named(record)}"
    raise InputError(f"data.fields.{field}", column, message, fix)


def _named(record: TableRecord) -> str:
    """The record's columns, of many the first."""
    names = [repr(name[:40]) for name in record.cells]
    more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
    return ", ".join(names[:SHOWN_COLUMNS]) + more if names else "none"


def _whole_layout(record: TableRecord) -> str | None:
    """The fix for a layout that no choice of columns reads."""
    columns = set(record.cells)
    if {"instruction", "output"} <= columns:
        return "Write data.format: alpaca, which reads instruction and input as the question."
    if chats := sorted(columns & {"messages", "conversations", "conversation"}):
        return (
            f"{chats[0]!r} holds chats, which are not read: write a column with the question and "
            "one with the answer."
        )
    return None


def _text(record: TableRecord, field: str, column: str) -> str:
    value = cell(record, field, column)
    if value is None or value != value:  # null, or the NaN that pandas writes
        return ""  # an absent text; cleaning drops the row as too short, and counts it
    if isinstance(value, str):
        return value
    message = f"{record.where}, column {column!r}: not text but {type(value).__name__}"
    fix = _whole_layout(record) or "Name a column of text, or write the value as text."
    raise InputError(f"data.fields.{field}", str(value)[:60], message, fix)


def group_of(record: TableRecord, column: str | None) -> str:
    """The group's name, or "" where the record has none; raises InputError."""
    if column is None:
        return ""
    value = cell(record, "group", column)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return "" if value is None else str(value)
    message = f"{record.where}, column {column!r}: neither text nor a whole number"
    raise InputError("data.fields.group", value, message, "Name a column of names or numbers.")
