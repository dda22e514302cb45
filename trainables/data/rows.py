"""One question and its answer."""

from typing import NamedTuple


class Row(NamedTuple):
    """A row of a data set, as text.

    `id` is unique in its source and stable; rows with the same `group` stay on one side of a split.
    """

    id: str
    group: str
    question: str
    answer: str
