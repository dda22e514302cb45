"""What stands between the cells of a delimited file, told from its first lines."""

import csv
import io
import itertools
import re

EXCELS_LINE = re.compile(r"\Asep=.\r?\n")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
FIRST_ROWS, LOOKED_AT = 5, 1_000_000  # rows, and characters at most


def separator(text: str) -> str:
    """What stands between cells: of the marks in the header the one that parts the first rows in
    most cells, and alike; else the first."""
    marks = [mark for mark in NAMES if mark in text.lstrip("\r\n").partition("\n")[0]]
    return max(marks, key=lambda mark: _cells(text, mark), default=",")


def _cells(text: str, mark: str) -> int:
    """How many cells each of the first rows has, as many as the header; 1 where they differ."""
    first = io.StringIO(text[:LOOKED_AT], newline="")
    reader = csv.reader(first, strict=True, delimiter=mark)
    try:
        widths = {len(cells) for cells in itertools.islice(filter(None, reader), FIRST_ROWS + 1)}
    except csv.Error:
        return 1
    return widths.pop() if len(widths) == 1 else 1


def without_excels_line(text: str) -> str:
    """Without the line `sep=;` that Excel writes above the header; the lines' numbers stay."""
    return EXCELS_LINE.sub("\n", text)
