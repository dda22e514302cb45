"""One question of a medical data set, in full: what a benchmark scores and a prompt is made of."""

from typing import NamedTuple


class Item(NamedTuple):
    """A question with all that its data set says of it; what it does not say is empty.

    `id` is unique in its source and stable; items of the same `group` stay on one side of a split.
    `answer` is the reference in words. A closed question has `options`, in the data set's order,
    and `gold`, the index of the right one from 0 (None: not published).
    """

    id: str
    group: str
    question: str
    answer: str = ""
    context: str = ""  # a passage that the answer rests on
    options: tuple[str, ...] = ()
    gold: int | None = None
    rationale: str = ""  # why the answer is right
    subject: str = ""  # medical specialty or topic, as the data set names it
    answers: tuple[str, ...] = ()  # every accepted reference, where there are several
    kind: str = ""  # a finer type that the data set tells, e.g. multi, unanswerable
    score: float | None = None  # the experts' score of `answer`, on the data set's own scale
    system: str = ""  # a system prompt of its own
    turns: str = ""  # of a chat of several turns, all of them: see data.turns
    benchmark: bool = False  # in a test set that results are published on: not for training
