"""Cells of a published layout: the layout that a record has, and its cells with their types.

Nothing is guessed: a record that fits no layout of its format is an InputError that names file,
row and column and what the format expects. Errors never show what a cell holds.
"""

from collections.abc import Mapping, Sequence

from trainables.data.cleaning import trimmed
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group
from trainables.errors import InputError

Layouts = Mapping[str, tuple[str, ...]]


def layout_of(record: TableRecord, name: str, layouts: Layouts) -> str:
    """The first layout of the format `name` whose columns the record has; raises InputError."""
    for layout, columns in layouts.items():
        if all(column in record.cells for column in columns):
            return layout
    nearest = min(layouts, key=lambda layout: len(_missing(record, layouts[layout])))
    missing = ", ".join(map(repr, _missing(record, layouts[nearest])))
    present = ", ".join(map(repr, record.cells)) or "none"
    expected = "; or ".join(f"{', '.join(columns)} ({at})" for at, columns in layouts.items())
    raise InputError(
        "data.format",
        name,
        f"{record.where} has no column {missing}; it has {present}",
        f"{name} expects the columns {expected}. Name the format that the file has.",
    )


def _missing(record: TableRecord, columns: Sequence[str]) -> list[str]:
    return [column for column in columns if column not in record.cells]


def text(record: TableRecord, column: str, name: str) -> str:
    """A cell of text; an absent one is empty."""
    value = record.cells.get(column)
    if value is None:
        return ""
    if isinstance(value, str):
        return trimmed(value)
    raise wrong(record, column, name, f"is not text but {type(value).__name__}")


def instruction_item(record: TableRecord, name: str, between: str) -> Item:
    """The item of a record with an instruction, an input, which may be empty, and an output; the
    question is instruction and input, joined by `between`."""
    parts = (text(record, "instruction", name), text(record, "input", name))
    question = between.join(filter(None, parts))
    return Item(record.id, own_group(question), question, text(record, "output", name))


def texts(record: TableRecord, column: str, name: str) -> list[str]:
    """A cell that is a list of texts."""
    value = record.cells.get(column)
    if isinstance(value, Sequence) and not isinstance(value, str):
        found = [trimmed(part) for part in value if isinstance(part, str)]
        if len(found) == len(value):
            return found
    raise wrong(record, column, name, "is not a list of texts")


def whole(record: TableRecord, column: str, name: str) -> int | None:
    """A cell that is a whole number, also one written as text; None where it is absent."""
    value = record.cells.get(column)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.strip().lstrip("-").isdigit():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise wrong(record, column, name, f"is not a whole number but {type(value).__name__}")


def label(record: TableRecord, column: str, name: str) -> str:
    """A cell that names something: text or a whole number, as text."""
    value = record.cells.get(column)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(record, column, name)


def index_of(record: TableRecord, column: str, name: str, options: Sequence[str]) -> int:
    """The place of a cell's text among `options`, case aside; raises InputError."""
    found = text(record, column, name).casefold()
    for place, option in enumerate(options):
        if option.casefold() == found:
            return place
    raise wrong(record, column, name, f"is none of {', '.join(options)}")


def wrong(record: TableRecord, column: str, name: str, what: str) -> InputError:
    """The error for a cell that the format does not allow."""
    return InputError(
        "data.format", name, f"{record.where}, column {column!r}: {what}", "Correct the file."
    )
