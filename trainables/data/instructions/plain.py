"""The question as it stands, below its passage if it has one; the answer is the reference."""

from trainables.data.config import Rationale
from trainables.data.instructions.instruction import Instruction
from trainables.data.instructions.parts import explained, with_context
from trainables.data.items import Item


def question(item: Item) -> str:
    """Passage and question; options are not shown."""
    return with_context(item, item.question)


def answer(item: Item, rationale: Rationale = "none") -> str:
    """The reference, with its rationale where asked for."""
    return explained(item.answer, item.rationale, rationale)


def options(item: Item) -> tuple[str, ...]:
    """The options' own texts."""
    return item.options


INSTRUCTION = Instruction(question, answer, options, short=False)
