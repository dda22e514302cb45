"""What a prompt format offers: pure functions from an item to text."""

from collections.abc import Callable
from typing import NamedTuple

from trainables.data.config import Rationale
from trainables.data.items import Item


class Instruction(NamedTuple):
    """A prompt format.

    `question(item)` is the prompt without its answer, `answer(item, rationale)` what a model should
    say ("" where the data set does not publish it), `options(item)` the continuation that stands
    for each option, in the data set's order (none for an open question). `short` answers are not
    subject to cleaning's lengths: a letter or a yes is a whole answer.
    """

    question: Callable[[Item], str]
    answer: Callable[[Item, Rationale], str]
    options: Callable[[Item], tuple[str, ...]]
    short: bool = True
