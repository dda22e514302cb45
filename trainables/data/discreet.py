"""Errors of private data: where something is wrong, without a word of what is written there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from trainables.errors import InputError

REST = "… (the rest is not shown: the rows are private)"
QUOTED = re.compile(r"""["'`“‘]([^"'`”’]*)["'`”’]""")
# what a fix may say of any data
USUAL = frozenset(("question", "answer", "messages", "prompt", "chosen", "rejected", "role"))


@contextmanager
def discreet(section: BaseModel, private: bool) -> Iterator[None]:
    """An InputError raised inside, about rows that `section` names, without their text.

    What may be of a row is quoted, or follows a colon (other libraries' words): it is cut off.
    Words of the section itself, such as its source and its columns, stay.
    """
    try:
        yield
    except InputError as error:
        if not private:
            raise
        raise _masked(error, _words(section.model_dump())) from None


def _masked(error: InputError, known: frozenset[str]) -> InputError:
    value = error.value if str(error.value) in known else None
    first = next((m.start() for m in re.finditer(r""": |["'`“‘]""", error.message)), None)
    message = error.message
    if first is not None and not _is_known(error.message, known):
        message = error.message[:first].rstrip(" ,;") + REST
    fix = error.fix if error.fix and _is_known(error.fix, known) else None
    return InputError(error.field, value, message, fix)


def _is_known(text: str, known: frozenset[str]) -> bool:
    """Whether all that a text quotes is of the spec, and nobody else speaks in it."""
    rest = QUOTED.sub("", text)
    odd = re.search(r"""["'`“”‘’]|: """, rest)
    return not odd and all(word in known | USUAL for word in QUOTED.findall(text))


def _words(value: Any) -> frozenset[str]:
    """Every text in a section's content."""
    if isinstance(value, dict):
        return frozenset(value) | _words(list(value.values()))
    if isinstance(value, list | tuple):
        return frozenset().union(*map(_words, value))
    return frozenset((str(value),)) if isinstance(value, str) else frozenset()
