"""A question and its lettered options; the answer is the right one's letter and text."""

from trainables.data.config import Rationale
from trainables.data.instructions.instruction import Instruction
from trainables.data.instructions.parts import explained, lettered, with_context
from trainables.data.items import Item


def question(item: Item) -> str:
    """Passage (if any), question, and a line an option: "A. …"."""
    return with_context(item, "\n".join((item.question, *lettered(item))))


def answer(item: Item, rationale: Rationale = "none") -> str:
    """E.g. "B. Metformin", with the rationale before or after it where asked for."""
    right = "" if item.gold is None else lettered(item)[item.gold]
    return explained(right, item.rationale, rationale)


def options(item: Item) -> tuple[str, ...]:
    """Letter and text of each option."""
    return lettered(item)


INSTRUCTION = Instruction(question, answer, options)
