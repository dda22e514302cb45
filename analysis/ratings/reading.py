"""Filled forms as spreadsheets save them: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252.

Rows are counted as a spreadsheet shows them: the header is row 1.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from analysis.ratings.errors import RatingError
from analysis.ratings.scores import CRITERIA, SCALE

CHOICES = {"a": "A", "b": "B", "tie": "tie"}
WANTED = {"pairs": ("choice",), "sheet": tuple(CRITERIA)}
LONGEST = 20  # problems told at once


class Filled(NamedTuple):
    """One judgement: who, which row of the form, which column, and what was written there."""

    rater: str
    item: str
    column: str
    value: str  # A, B or tie; 1 to 5


class Sheet(NamedTuple):
    """One file: its rows by column name, each with its number."""

    path: Path
    columns: tuple[str, ...]
    rows: list[tuple[int, dict[str, str]]]


def read_sheet(path: Path) -> Sheet:
    """The rows of a CSV that are not empty. RatingError where it has no column `item`."""
    text = _decoded(path.read_bytes())
    for delimiter in ",;\t":
        table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        if table and "item" in _names(table[0]):
            return _sheet(path, table)
    start = text[:60].splitlines()[0] if text.strip() else "nothing"
    problem = f"row 1: no column `item` (it begins with {start!r})"
    raise RatingError([f"{path}: {problem}. Give the filled CSV, with its first row."])


def _sheet(path: Path, table: list[list[str]]) -> Sheet:
    names = _names(table[0])
    rows = [
        (number, {n: c.strip() for n, c in zip(names, cells, strict=False) if n})
        for number, cells in enumerate(table[1:], 2)
        if any(c.strip() for c in cells)
    ]
    return Sheet(path, tuple(names), rows)


def filled(
    sheets: Sequence[Sheet], kind: str, items: Mapping[str, object]
) -> tuple[list[Filled], int]:
    """All judgements in the files of one form, and how many cells were left empty.

    RatingError, with file, row, column, value and fix, for whatever cannot be taken as it is.
    """
    problems: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    judgements: list[Filled] = []
    empty = 0
    for sheet in sheets:
        columns = _wanted(sheet, kind, problems)
        rater = sheet.path.stem
        for number, row in sheet.rows:
            rater = row.get("rater") or rater
            item, where = row.get("item", ""), f"{sheet.path}: row {number}"
            if problem := _row_problem(item, rater, items, seen, where):
                problems.append(problem)
                continue
            seen[rater, item] = where
            for column in columns:
                written = row.get(column, "")
                value = _value(kind, written)
                if value is None:
                    problems.append(_value_problem(kind, where, column, written))
                elif value:
                    judgements.append(Filled(rater, item, column, value))
                else:
                    empty += 1
    if problems:
        raise RatingError(_shortened(problems))
    return judgements, empty


def form_of(sheet: Sheet) -> str:
    """The id of the form that a file was made from. RatingError where it has no rows."""
    if not sheet.rows:
        raise RatingError([f"{sheet.path}: no rows. Give the filled CSV."])
    return sheet.rows[0][1].get("item", "").rpartition("-")[0]


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:  # an older Excel; ids and ratings are ASCII in any case
        return data.decode("cp1252", "replace")


def _names(cells: Sequence[str]) -> list[str]:
    return [cell.strip().lower() for cell in cells]


def _wanted(sheet: Sheet, kind: str, problems: list[str]) -> tuple[str, ...]:
    for column in WANTED[kind]:
        if column not in sheet.columns:
            problems.append(
                f"{sheet.path}: row 1: the column `{column}` is missing. Put it back; it may be "
                "empty."
            )
    return tuple(c for c in WANTED[kind] if c in sheet.columns)


def _row_problem(
    item: str,
    rater: str,
    items: Mapping[str, object],
    seen: Mapping[tuple[str, str], str],
    place: str,
) -> str | None:
    if item not in items:
        fix = "Is it a row of this form, and has nobody changed it?"
        return f"{place}, column item: {item!r} is not in the form's key. {fix}"
    if (rater, item) in seen:
        fix = "Give each rater a name of their own in the column rater, and each file once."
        return f"{place}, column item: {rater!r} rated {item} already in {seen[rater, item]}. {fix}"
    return None


def _value(kind: str, written: str) -> str | None:
    """The judgement; "" for an empty cell, None for what is none."""
    readers: dict[str, Callable[[str], str | None]] = {"pairs": _choice, "sheet": _score}
    return readers[kind](written) if written else ""


def _choice(written: str) -> str | None:
    return CHOICES.get(written.lower())


def _score(written: str) -> str | None:
    try:
        number = float(written.replace(",", "."))  # 4,0 in many countries
    except ValueError:
        return None
    return str(int(number)) if number in SCALE else None


def _value_problem(kind: str, place: str, column: str, written: str) -> str:
    legal = "A, B or tie" if kind == "pairs" else f"a whole number from {SCALE[0]} to {SCALE[-1]}"
    return f"{place}, column {column}: {written!r} is not {legal}. Correct it, or empty the cell."


def _shortened(problems: list[str]) -> list[str]:
    left = len(problems) - LONGEST
    return problems[:LONGEST] + ([f"… and {left} more of the same files."] if left > 0 else [])
