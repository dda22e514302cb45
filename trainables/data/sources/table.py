"""One record of a table, and its cells as a spec names them."""

import difflib
from collections.abc import Mapping
from typing import NamedTuple

from trainables.errors import InputError

SHOWN_COLUMNS = 12  # in an error
CHATS = ("messages", "conversations", "conversation")
# what other tools call the columns that our fields name
USUAL = {
    "question": ("prompt", "query", "instruction", "input", "user", "human", "q", "problem"),
    "chosen": ("chosen_response", "response_chosen", "preferred", "better", "accepted", "winner"),
    "rejected": ("rejected_response", "response_rejected", "dispreferred", "worse", "loser"),
    "answer": ("completion", "response", "output", "target", "assistant", "a", "solution"),
}
PAIR_FIELDS = ("chosen", "rejected")
PAIRED = (
    "Name the columns in data.fields, or write a row a pair: "
    '{"prompt": …, "chosen": …, "rejected": …}.'
)
PLAIN_TEXT = "Write data.format: text, which learns whole texts, or part question and answer."


class TableRecord(NamedTuple):
    """One record of a table: its id, where it stands ("train.jsonl, row 3") and its cells."""

    id: str
    where: str
    cells: Mapping[str, object]


def cell(record: TableRecord, field: str, column: str) -> object:
    """What the record has in that column, which `data.fields.FIELD` names; raises InputError."""
    if column in record.cells:
        return record.cells[column]
    meant = _meant(record, field, column)
    layout = PAIRED if field in PAIR_FIELDS else whole_layout(record)
    named = f"Did you mean {meant!r}?" if meant else "Name the column in data.fields."
    fix = named if field in PAIR_FIELDS and meant else layout or named
    message = f"{record.where} has no such column; it has {_named(record)}"
    raise InputError(f"data.fields.{field}", column, message, fix)


def _meant(record: TableRecord, field: str, column: str) -> str | None:
    """The column that is spelt alike, else one that often holds what the field wants."""
    nearest = difflib.get_close_matches(column, list(record.cells), 1)
    written = {name.strip().casefold(): name for name in record.cells}
    usual = (written[name] for name in USUAL.get(field, ()) if name in written)
    return nearest[0] if nearest else next(usual, None)


def _named(record: TableRecord) -> str:
    """The record's columns, of many the first."""
    names = [repr(name[:40]) for name in record.cells]
    more = f" and {len(names) - SHOWN_COLUMNS} more" if len(names) > SHOWN_COLUMNS else ""
    return ", ".join(names[:SHOWN_COLUMNS]) + more if names else "none"


def whole_layout(record: TableRecord) -> str | None:
    """The fix for a layout that no choice of columns reads."""
    columns = set(record.cells)
    if {"instruction", "output"} <= columns:
        return "Write data.format: alpaca, which reads instruction and input as the question."
    if chats := [name for name in CHATS if name in columns]:
        return f"Write data.fields: {{messages: {chats[0]}}} alone, which reads the chats in it."
    known = columns & {*USUAL, *(name for names in USUAL.values() for name in names)}
    if "text" in columns and not known:
        return PLAIN_TEXT
    return None


def group_of(record: TableRecord, column: str | None) -> str:
    """The group's name, or "" where the record has none; raises InputError."""
    if column is None:
        return ""
    value = cell(record, "group", column)
    if value is None or (isinstance(value, str | int) and not isinstance(value, bool)):
        return "" if value is None else str(value)
    message = f"{record.where}, column {column!r}: neither text nor a whole number"
    raise InputError("data.fields.group", value, message, "Name a column of names or numbers.")
