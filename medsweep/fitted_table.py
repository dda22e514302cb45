"""A table of trials that stays readable on a narrow terminal.

A search of fifteen parameters has no room for fifteen columns. Few trials are then turned: a line
a parameter, the trials side by side. Many are split: the trials again and again, under as many
columns as fit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

FEW = 12  # trials that are turned rather than split
GAP = 2  # between columns, without a box
HEAD = 14  # a split table's heads are broken at underscores into lines of about so many characters
NOTE = 20  # characters that a note needs beside the table to be read

Line = Sequence[str]  # cells with markup; the first is the trial


@dataclass(frozen=True)
class FittedTable:
    """Columns (the first is the trial's), a line a trial, notes (errors) by line number, and a
    line below."""

    heads: Sequence[str]
    lines: Sequence[Line]
    notes: dict[int, str] = field(default_factory=dict)
    footnote: str = ""

    def fits(self, width: int) -> bool:
        """Whether no cell is cut or broken in so many characters."""
        needed = [_widest(column) for column in zip(self.heads, *self.lines, strict=True)]
        return sum(needed) + GAP * len(needed) + (NOTE if self.notes else 0) <= width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table as it fits."""
        yield from [self._whole()] if self.fits(options.max_width) else self._parts(options)
        if self.footnote:
            yield Text.from_markup(self.footnote)

    def _parts(self, options: ConsoleOptions) -> RenderResult:
        """The table in several, with the notes below."""
        width = options.max_width
        tables = self._turned(width) if len(self.lines) <= FEW else self._split(width)
        for number, table in enumerate(tables):
            if number:
                yield ""
            yield table
        for number, note in self.notes.items():
            yield Text.from_markup(f" {self.lines[number][0]}: {note}")

    def _whole(self) -> Table:
        heads = [*self.heads, *([""] if self.notes else [])]
        table = Table(*heads, box=None, header_style="bold")
        for number, line in enumerate(self.lines):
            table.add_row(*line, *([self.notes.get(number, "")] if self.notes else []))
        return table

    def _turned(self, width: int) -> Iterator[Table]:
        """Tables with a line a column of the whole, and as many trials beside each other as fit."""
        names = self.heads[1:]
        room = width - min(_widest(names), width // 2) - GAP
        most = max(1, room // 2 - GAP)
        widths = [min(_widest(line), most) for line in self.lines]
        for block in _blocks(widths, room):
            table = Table("", box=None, header_style="bold", padding=(0, GAP, 0, 0))
            for number in block:
                head = Text.from_markup(self.lines[number][0])
                table.add_column(head, max_width=most, overflow="fold")
            for place, name in enumerate(names, 1):
                table.add_row(name, *(self.lines[number][place] for number in block))
            yield table

    def _split(self, width: int) -> Iterator[Table]:
        """Tables with all trials, each with as many columns as fit."""
        heads = [_broken(head) for head in self.heads]
        columns = list(zip(heads, *self.lines, strict=True))
        first = _widest(columns[0])
        room = width - first - GAP
        widths = [min(_widest(column), room - GAP) for column in columns[1:]]
        for block in _blocks(widths, room):
            table = Table(heads[0], box=None, header_style="bold")
            for number in block:
                table.add_column(heads[number + 1], overflow="fold")
            for line in self.lines:
                table.add_row(line[0], *(line[number + 1] for number in block))
            yield table


def _blocks(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """The numbers of columns, in order, in groups that fit into `room`; each has one at least."""
    block: list[int] = []
    left = room
    for number, width in enumerate(widths):
        if block and width + GAP > left:
            yield block
            block, left = [], room
        block.append(number)
        left -= width + GAP
    if block:
        yield block


def _widest(cells: Sequence[str]) -> int:
    """The longest line of some cells with markup, in terminal columns."""
    lines = (line for cell in cells for line in Text.from_markup(cell).plain.splitlines())
    return max(map(cell_len, lines), default=0)


def _broken(head: str) -> str:
    """A head in lines of about HEAD characters, broken behind underscores."""
    lines = [""]
    for part in head.replace("_", "_ ").split():
        if lines[-1] and len(lines[-1]) + len(part) > HEAD:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)
