"""What a source of rows offers."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

from trainables.data.config import DataConfig
from trainables.data.rows import Row


class SourceRows(NamedTuple):
    """Every row of a source in its own order, with what must be said about where they come from."""

    rows: list[Row]
    version: str
    citation: str | None = None
    licence: str | None = None
    how: tuple[str, ...] = ()  # how it is written, where that had to be found out


class Source(NamedTuple):
    """A kind of source.

    `fingerprint(config, online)` identifies the content without parsing it (None: it cannot be told
    without the network and `online` is false); `read(config, fingerprint)` gives the rows of
    exactly that content. Both raise InputError.
    """

    fingerprint: Callable[[DataConfig, bool], str | None]
    read: Callable[[DataConfig, str], SourceRows]


UNNAMED = "q:"  # how the group of a row that names none begins


def own_group(question: str) -> str:
    """The group of a row that names none: rows that ask the same question stay together."""
    key = " ".join(question.split()).casefold()
    return UNNAMED + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
