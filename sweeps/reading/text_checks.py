"""Text that was meant to be something else: Python's None, a variable, a blank to fill in."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from sweeps.reading.document import Path, SpecFinding

VARIABLE = re.compile(r"\$\{[^}]*\}|^\$\w+$|^\{\{.*\}\}$|^%\w+%$")
BLANK = re.compile(r"<(?:[^<>]*\s[^<>]*|your[^<>]*)>|(?:YOUR|MY)[_-][A-Z_-]+|CHANGE_?ME|TODO|FIXME")
QUOTES = "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2018\u2019"
QUOTED = re.compile(rf"[{QUOTES}](.*)[{QUOTES}]", re.DOTALL)
PROSE = ("prompt", "template")  # in the names of fields whose text is the model's


def text_findings(data: dict[str, Any], known: Iterable[Path]) -> Iterator[SpecFinding]:
    """Values that are text and were not meant so, where nothing else is said of them."""
    skip = set(known)
    for path, text in _texts(data, ()):
        found = _meant(text, prose=any(word in str(path[-1]) for word in PROSE))
        if found is not None and path not in skip:
            yield SpecFinding(path, found[0], text, found[1])


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Each text below `path`, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _texts(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _texts(below, (*path, index))


def _meant(text: str, prose: bool) -> tuple[str, str] | None:
    """Message and fix, or None where the text may be meant."""
    if text in ("None", "nil", "undefined"):
        return "is text, not an empty value", "Write null"
    if (quoted := QUOTED.fullmatch(text)) is not None:
        return "stands in typographic quotes, which belong to the text", f'Write "{quoted[1]}"'
    if prose:
        return None
    if VARIABLE.search(text):
        fix = "Write the value itself, or give it on the command line: --set PATH=VALUE"
        return "holds a variable, and nothing is put in for it", fix
    if BLANK.fullmatch(text):
        return "is a blank to be filled in", "Write the value itself"
    return None
