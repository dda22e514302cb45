"""What was meant where YAML cannot be read: the line that is wrong, in words, with its fix.

PyYAML names the place where it gave up, which is often a line too low, in words of its grammar.
"""

import re
import unicodedata
from typing import NamedTuple

from yaml import MarkedYAMLError

from sweeps.reading.secrets import MASK, is_secret_name

# characters that look like others, or like nothing, and what is to stand there
LOOKALIKES = {
    "\u00a0": "a plain space",
    "\u2007": "a plain space",
    "\u202f": "a plain space",
    "\u3000": "a plain space",
    "\u200b": "nothing",
    "\u2060": "nothing",
    "\ufeff": "nothing",
    "\uff1a": "a plain colon and a space",
    "\uff0c": "a plain comma",
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019", 'plain quotes: "'),
}
KEY = r"[A-Za-z_][\w.]*"
NO_SPACE = re.compile(rf"\s*(?:- )?({KEY}):([^\s/:][^:]*)")
EQUALS = re.compile(rf"\s*({KEY})\s*=\s*(\S.*)")
PAIR = re.compile(rf"\s*(?:- )?{KEY}:\s+[^\s#|>&].*")
CLOSING = {"{": "}", "[": "]"}


class Mistake(NamedTuple):
    """A line (from 1) that YAML stumbles over, what is wrong with it, and what to write."""

    line: int | None
    message: str
    fix: str


def mistake(text: str, error: MarkedYAMLError) -> Mistake:
    """What is wrong with `text`, which PyYAML refused with `error`."""
    lines = text.splitlines()
    marks = [mark.line for mark in (error.context_mark, error.problem_mark) if mark]
    # where the thing began, the line before the one that was refused, that one itself
    places = [*marks[:-1], *(marks[-1:] and [marks[-1] - 1, marks[-1]])]
    for place in dict.fromkeys(place for place in places if 0 <= place < len(lines)):
        found = _in_line(lines, place)
        if found is not None:
            return Mistake(place + 1, f"is not valid YAML: {found[0]}", found[1])
    what = ", ".join(filter(None, (error.context, error.problem)))
    return Mistake(marks[-1] + 1 if marks else None, f"is not valid YAML: {what}", _fix(what))


def _in_line(lines: list[str], place: int) -> tuple[str, str] | None:
    """Message and fix for a line with one of the usual mistakes, or None."""
    line = lines[place].split(" #")[0].rstrip()
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "it is indented with a tab", "Indent with spaces, not tabs"
    for character, instead in LOOKALIKES.items():
        if character in line:
            name = unicodedata.name(character, f"U+{ord(character):04X}").lower()
            return f"a character is not what it looks like: {name}", f"Put {instead}"
    if (glued := NO_SPACE.fullmatch(line)) is not None:
        return "no space after the colon", _pair(glued[1], glued[2])
    if (equals := EQUALS.fullmatch(line)) is not None:
        return "an equals sign where a colon belongs", _pair(equals[1], equals[2])
    return _unclosed(line) or _deeper(lines, place, line)


def _pair(key: str, value: str) -> str:
    """How to write a key and its value; that of a password is not repeated."""
    return f"Write `{key}: {MASK if is_secret_name(key) else value}`"


def _unclosed(line: str) -> tuple[str, str] | None:
    if "${" in line:
        return "nothing is put in for a variable `${…}`", "Write the value itself, in quotes"
    if line.count('"') % 2:
        return 'a quotation mark " is opened and not closed', 'Add the second "'
    bare = re.sub(r'"[^"]*"', "", line)
    for opening, closing in CLOSING.items():
        if bare.count(opening) > bare.count(closing):
            what = f"`{opening}` is opened and not closed"
            return what, f"Add `{closing}`, or check the lines that follow it"
    return None


def _deeper(lines: list[str], place: int, line: str) -> tuple[str, str] | None:
    """A line below `key: value` that stands further to the right."""
    above = next((text for text in reversed(lines[:place]) if text.strip()), "")
    if PAIR.fullmatch(above) and _indent(line) > _indent(above) and re.match(rf"\s*{KEY}:", line):
        what = "it begins further to the right than the line above, which has its value already"
        return what, "Begin both in the same column"
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _fix(what: str) -> str:
    if "mapping values" in what:
        return "Check the indentation, and quote text that holds `: `"
    if "expected <block end>" in what:
        return "Check the indentation: keys of one section begin in the same column"
    return "Check brackets, quotes and indentation at this line"
