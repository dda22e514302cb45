"""A passage and a question to be decided: yes, no or (where the data set has it) maybe."""

from trainables.data.config import Rationale
from trainables.data.instructions.instruction import Instruction
from trainables.data.instructions.parts import explained, with_context
from trainables.data.items import Item


def question(item: Item) -> str:
    """Passage, question and the decisions that may be given."""
    *first, last = item.options or ("yes", "no", "maybe")
    allowed = f"{', '.join(first)} or {last}"
    return with_context(item, f"{item.question}\nAnswer with {allowed}.")


def answer(item: Item, rationale: Rationale = "none") -> str:
    """The decision, with the long answer where asked for."""
    decision = "" if item.gold is None else item.options[item.gold]
    return explained(decision, item.rationale, rationale)


def options(item: Item) -> tuple[str, ...]:
    """The decisions."""
    return item.options


INSTRUCTION = Instruction(question, answer, options)
