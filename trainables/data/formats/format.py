"""What a published format of a data set offers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from trainables.data.formats.tables import table_records
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord


class Hub(NamedTuple):
    """Where the data set is published: a hub name, and the subset that is meant by default."""

    source: str
    subset: str | None = None


class ReadRequest(NamedTuple):
    """What a reader is told besides the records."""

    split: str  # train, validation, test, or another that the format names
    index_base: int | None = None  # 0 or 1: what the first option's index is
    folder: Path | None = None  # where local files lie; None on the hub


class Format(NamedTuple):
    """A published format.

    `read(records, ask)` gives the items; it raises InputError naming file, row and column where a
    record is not of this format. `splits` maps each split to the names of the local files that
    hold it. `benchmark` are the splits that results are published on, whose items are refused as
    training data. `evaluation` is the split that is read where none is asked for.
    """

    read: Callable[[Iterable[TableRecord], ReadRequest], Iterator[Item]]
    instruction: str  # the prompt that fits, a key of INSTRUCTIONS
    citation: str
    licence: str
    hub: Hub | None = None
    splits: Mapping[str, tuple[str, ...]] = {}
    evaluation: str = "train"
    benchmark: frozenset[str] = frozenset()
    unlabelled: frozenset[str] = frozenset()  # splits whose right answers are not published
    one_split: bool = False  # all files and the hub hold one split; `read` itself divides it
    private: bool = False  # the text must not be stored: see data.private
    records: Callable[[Path], Iterator[TableRecord]] = table_records
