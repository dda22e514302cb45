"""One question and its answer."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

AnswerKind = Literal["open", "short", "text"]


class Row(NamedTuple):
    """A row of a data set, as text.

    `id` is unique in its source and stable; rows with the same `group` stay on one side of a split.
    `kind` is `open` (an answer in words), `short` (a letter, a decision or a span is a whole
    answer) or `text` (no question: all of the answer is plain text to learn).
    """

    id: str
    group: str
    question: str
    answer: str
    kind: AnswerKind = "open"
    subject: str = ""  # medical specialty or topic, as the data set names it
    lines: bool = False  # line breaks belong to the prompt's format: cleaning keeps them
    component: str = ""  # the part of a mixture
    about: str = ""  # what else is known of it, as JSON: see data.about
    system: str = ""  # the system prompt of this row; "": data.system_prompt
    turns: str = ""  # of a chat of several turns, all of them as JSON: see data.turns


def row_table(rows: Sequence[Row]) -> Any:
    """A pyarrow Table with a column a field."""
    import pyarrow as pa

    return pa.table({name: [getattr(row, name) for row in rows] for name in Row._fields})


def table_rows(table: Any) -> list[Row]:
    """The inverse of `row_table`."""
    # a table of before has no columns for what came later
    names = [name for name in Row._fields if name in table.column_names]
    columns = (table.column(name).to_pylist() for name in names)
    return [Row(**dict(zip(names, cells, strict=True))) for cells in zip(*columns, strict=True)]
