"""From records with columns to rows, by the spec's field mapping. Shared by files and the hub."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from trainables.data.cleaning import trimmed
from trainables.data.config import FieldMapping, Rationale
from trainables.data.instructions.parts import explained
from trainables.data.rows import Row
from trainables.data.sources.chats import chat_column, chat_row, is_parted, parted_row
from trainables.data.sources.source import own_group
from trainables.data.sources.table import (
    SHOWN_COLUMNS,
    TableRecord,
    cell,
    group_of,
    whole_layout,
)
from trainables.data.turns import thought_aloud
from trainables.errors import InputError

__all__ = ["TableRecord", "cell", "group_of", "rows_of"]
LOOKED_AT = 200  # records, for columns that no row holds


def rows_of(
    records: Iterable[TableRecord],
    mapping: FieldMapping,
    source: str,
    rationale: Rationale = "none",
) -> list[Row]:
    """A row a record; raises InputError for the first record that does not fit the mapping.

    A column of reasoning stands before the answer as a reasoning model's thoughts; `rationale`
    puts it there, or behind, as plain text.
    """
    rows = list(_rows(records, mapping, rationale))
    if not rows:
        raise InputError("data.source", source, "the data set is empty", "Give at least 20 rows.")
    return rows


def how_read(records: Sequence[TableRecord], mapping: FieldMapping) -> tuple[str, ...]:
    """What is said of rows that are chats."""
    column = chat_column(records[0], mapping) if records else None
    return (f"chats in the column {column}",) if column else ()


def unread_by_rows(records: Sequence[TableRecord], mapping: FieldMapping) -> tuple[str, ...]:
    """`unread` of rows that are made by a mapping."""
    if not records:
        return ()
    chat = chat_column(records[0], mapping)
    asked = (mapping.question, mapping.answer, mapping.reasoning)
    return unread(records, {*((chat, "system") if chat else asked), mapping.system, mapping.group})


def unread(records: Sequence[TableRecord], used: Collection[str | None]) -> tuple[str, ...]:
    """What is said of columns with text that no row holds: a context, say, or options."""
    found = dict.fromkeys(
        name
        for record in records[:LOOKED_AT]
        for name, value in record.cells.items()
        if isinstance(value, str | list | dict) and value and name not in used
    )
    if not found:
        return ()
    named = ", ".join(name[:40] for name in list(found)[:SHOWN_COLUMNS])
    more = f" and {len(found) - SHOWN_COLUMNS} more" if len(found) > SHOWN_COLUMNS else ""
    return (f"the rows hold nothing of the column{'s' * (len(found) > 1)} {named}{more}",)


def _rows(
    records: Iterable[TableRecord], mapping: FieldMapping, rationale: Rationale
) -> Iterator[Row]:
    for record in records:
        if (column := chat_column(record, mapping)) is not None:
            yield chat_row(record, column, mapping)
            continue
        if is_parted(record, mapping):
            yield parted_row(record, mapping)
            continue
        question = _text(record, "question", mapping.question)
        answer = _answer(record, mapping, rationale)
        group = group_of(record, mapping.group) or own_group(question)
        system = _text(record, "system", mapping.system) if mapping.system else ""
        yield Row(record.id, group, question, answer, system=system)


def _answer(record: TableRecord, mapping: FieldMapping, rationale: Rationale) -> str:
    answer = _text(record, "answer", mapping.answer)
    if mapping.reasoning is None:
        return answer
    why = trimmed(_text(record, "reasoning", mapping.reasoning))
    if rationale == "none":
        return thought_aloud(why, answer) if answer.strip() else answer
    return explained(answer, why, rationale)


def _text(record: TableRecord, field: str, column: str) -> str:
    value = cell(record, field, column)
    if value is None or value != value:  # null, or the NaN that pandas writes
        return ""  # an absent text; cleaning drops the row as too short, and counts it
    if isinstance(value, str):
        return value
    message = f"{record.where}, column {column!r}: not text but {type(value).__name__}"
    fix = whole_layout(record) or "Name a column of text, or write the value as text."
    raise InputError(f"data.fields.{field}", str(value)[:60], message, fix)
