"""One question and its answer."""

from typing import Literal, NamedTuple

Kind = Literal["open", "short", "text"]


class Row(NamedTuple):
    """A row of a data set, as text.

    `id` is unique in its source and stable; rows with the same `group` stay on one side of a split.
    `kind` is `open` (an answer in words), `short` (a letter, a decision or a span is a whole
    answer) or `text` (no question: all of the answer is plain text to learn).
    """

    id: str
    group: str
    question: str
    answer: str
    kind: Kind = "open"
    subject: str = ""  # medical specialty or topic, as the data set names it
    component: str = ""  # the part of a mixture
