"""Rows as the model sees them, on a terminal in colours, elsewhere with marks."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from analysis.wording import plural
from sweeps.planning.lost_rows import LostRow
from sweeps.planning.seen_rows import SeenRow
from trainables.data.as_seen import Part
from trainables.data.losses import words

CELL = 160  # characters of a dropped row's question, and of its answer
LEARNT, CONTROL = "green", "magenta"
LEARNT_MARKS, CONTROL_MARKS = ("▶", "◀"), ("⟦", "⟧")


def show_rows(console: Console, rows: Sequence[SeenRow]) -> None:
    """Print the rows below a line that says what the colours, or the marks, mean."""
    coloured = console.is_terminal and console.color_system is not None
    console.print(_legend(coloured), soft_wrap=True)
    for row in rows:
        stage = f"stage {row.stage}: " if row.stage else ""
        heading = f"{stage}{row.name} ({row.split}): {row.about}"
        console.print(Text(f"\n{heading}", style="bold"), soft_wrap=True)
        if row.parts is None:
            continue
        if coloured:
            console.print(_painted(row.parts), soft_wrap=True)
        else:
            console.file.write(_marked(row.parts) + "\n")  # as it is: no tab, no line is changed


def show_lost(console: Console, rows: Sequence[LostRow], number: int) -> None:
    """Print the first `number` rows that each filter dropped, of each stage."""
    found: dict[tuple[str, str], list[LostRow]] = {}
    for row in rows:
        found.setdefault((row.stage, row.step), []).append(row)
    for (stage, step), lost in found.items():
        where = f"stage {stage}: " if stage else ""
        more = f", the first {number}" if len(lost) > number else ""
        heading = f"\n{where}{words(step)}: {plural(len(lost), 'row')} dropped{more}"
        console.print(Text(heading, style="bold"), soft_wrap=True)
        for row in lost[:number]:
            console.print(Text(_lost(row)), soft_wrap=True)
    if not found:
        console.print("no row dropped by cleaning")


def _lost(row: LostRow) -> str:
    if row.question is None or row.answer is None:
        return f"row {row.id}: private: it is not shown"
    return f"row {row.id}: {_short(row.question)} → {_short(row.answer)}"


def _short(text: str) -> str:
    """A cell in a line, so that an empty one is seen."""
    cut = f"{text[:CELL]}…" if len(text) > CELL else text
    return json.dumps(cut, ensure_ascii=False)


def _legend(coloured: bool) -> Text:
    if not coloured:
        (begin, end), (left, right) = LEARNT_MARKS, CONTROL_MARKS
        return Text(f"{begin}what is learnt{end}, {left}control tokens{right}, all else is read")
    parts = [("what is learnt", LEARNT), (", ", ""), ("control tokens", f"reverse {CONTROL}")]
    return Text.assemble(*parts, ", all else is read")


def _painted(parts: Sequence[Part]) -> Text:
    painted = Text()
    for part in parts:
        colour = LEARNT if part.learnt else CONTROL if part.control else ""
        painted.append(part.text, f"reverse {colour}" if part.control else colour)
    return painted


def _marked(parts: Sequence[Part]) -> str:
    """Control tokens and stretches that are learnt within their marks."""
    text, learnt = "", False
    for part in parts:
        if part.learnt != learnt:
            text += LEARNT_MARKS[learnt]
            learnt = part.learnt
        text += part.text.join(CONTROL_MARKS) if part.control else part.text
    return text + (LEARNT_MARKS[1] if learnt else "")
