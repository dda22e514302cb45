"""Tables as both formats need them: columns, rows, and which cells stand out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analysis.wording import MISSING

Emphasis = Literal["", "top", "better", "worse", "missing"]


@dataclass(frozen=True)
class Cell:
    """A cell's text, and how it stands out: `top` is the best value of its column."""

    text: str
    emphasis: Emphasis = ""


@dataclass(frozen=True)
class Column:
    """A heading; numeric columns are right-aligned."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Line:
    """A row of cells; `kind` is chosen, complete, stopped, failed, infeasible, unfinished or ""."""

    cells: tuple[Cell, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table and the note beneath it."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    note: str = ""


def value_cell(text: str, emphasis: Emphasis = "") -> Cell:
    """A cell of a value; a dash is marked as missing, whatever the emphasis."""
    return Cell(text, "missing" if text == MISSING else emphasis)


def plain_table(titles: Sequence[str], rows: Iterable[Sequence[Any]], numeric: int = 0) -> Table:
    """A table without emphasis whose last `numeric` columns hold numbers."""
    first = len(titles) - numeric
    return Table(
        tuple(Column(title, i >= first) for i, title in enumerate(titles)),
        tuple(Line(tuple(Cell(str(value)) for value in row)) for row in rows),
    )
