"""A passage and a question; the answer is a part of the passage, word for word."""

from trainables.data.config import Rationale
from trainables.data.instructions.instruction import Instruction
from trainables.data.items import Item

UNANSWERABLE = "unanswerable"


def question(item: Item) -> str:
    """Passage, question, and what to say where the passage has no answer."""
    return (
        f"Passage: {item.context}\n\nQuestion: {item.question}\nAnswer with words of the passage, "
        f'or "{UNANSWERABLE}" if it does not tell.'
    )


def answer(item: Item, rationale: Rationale = "none") -> str:
    """The first accepted span, or "unanswerable" where the data set says so."""
    return UNANSWERABLE if item.kind == UNANSWERABLE else item.answer


def options(item: Item) -> tuple[str, ...]:
    """None: the answer is open."""
    return ()


INSTRUCTION = Instruction(question, answer, options)
