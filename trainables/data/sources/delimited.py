"""What stands between the cells of a delimited file, told from its first lines."""

import csv
import io
import itertools
import re

EXCELS_LINE = re.compile(r"\Asep=.\r?\n")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
FIRST_ROWS = 5


def separator(text: str) -> str:
    """What stands between cells: of the marks in the header the first that parts the first rows
    alike, else the first."""
    marks = [mark for mark in NAMES if mark in text.lstrip("\r\n").partition("\n")[0]]
    return next((mark for mark in marks if _parts_alike(text, mark)), (*marks, ",")[0])


def _parts_alike(text: str, mark: str) -> bool:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark)
    try:
        widths = {len(cells) for cells in itertools.islice(filter(None, reader), FIRST_ROWS + 1)}
    except csv.Error:
        return False
    return len(widths) == 1 and widths != {1}


def without_excels_line(text: str) -> str:
    """Without the line `sep=;` that Excel writes above the header; the lines' numbers stay."""
    return EXCELS_LINE.sub("\n", text)
