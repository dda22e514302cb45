"""Pydantic names the members of a union in its locations, and reports each: this undoes both."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from search_spaces.messages import plain_message
from sweeps.reading.document import Path
from trainables.kinds import KINDS


def written_path(loc: Path, data: Any) -> tuple[Path, int]:
    """Pydantic's location without its names of union members, and how many of those it had."""
    path: list[str | int] = []
    skipped = 0
    for index, part in enumerate(loc):
        if _holds(data, part):
            data = data[part]
        elif index == len(loc) - 1 and not _is_member(part):
            data = None  # a missing key
        else:
            skipped += 1
            continue
        path.append(part)
    return tuple(path), skipped


def _holds(data: Any, part: str | int) -> bool:
    if isinstance(data, list | tuple):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data


def _is_member(part: str | int) -> bool:
    """Whether this names a member of a union: a type with brackets or a capital, a scalar, or the
    kind of a stage."""
    text = str(part)
    return "[" in text or text[:1].isupper() or text in ("int", "float", "str", "bool", *KINDS)


def settled(details: list[ErrorDetails], data: Any) -> Iterator[ErrorDetails]:
    """Of the members of a union, only those that came nearest: the rest is noise."""
    unions: dict[Path, list[ErrorDetails]] = {}
    for detail in details:
        cut = _union_at(detail["loc"], data)
        if cut is None:
            yield detail
        else:
            unions.setdefault(detail["loc"][:cut], []).append(detail)
    for loc, members in unions.items():
        deepest = max(len(member["loc"]) for member in members)
        if deepest > len(loc) + 1:
            yield from (member for member in members if len(member["loc"]) > len(loc) + 1)
        else:
            texts = dict.fromkeys(map(plain_message, members))
            yield {**members[0], "loc": loc, "type": "union", "msg": " or ".join(texts)}


def first_wrong(error: ValidationError, written: Any) -> tuple[str, str]:
    """The dotted field of what `error` tells first of `written`, and what is wrong with it."""
    first = next(settled(error.errors(include_url=False), written))
    path, _ = written_path(first["loc"], written)
    message = first["msg"] if first["type"] == "union" else plain_message(first)
    return ".".join(map(str, path)), message


def _union_at(loc: Path, data: Any) -> int | None:
    """The index of the first name of a union member, or None."""
    for cut in range(1, len(loc) + 1):
        if written_path(loc[:cut], data)[1]:
            return cut - 1
    return None
