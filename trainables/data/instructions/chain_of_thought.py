"""The rationale first, then the line "Final answer: …" (Wei et al. 2022, arXiv:2201.11903)."""

from trainables.data.config import Rationale
from trainables.data.instructions.instruction import Instruction
from trainables.data.instructions.parts import (
    final_answer,
    is_decision,
    lettered,
    with_context,
    with_options,
)
from trainables.data.items import Item

ASK = 'Think step by step, then give the answer after "Final answer:".'
MARK = "Final answer:"


def question(item: Item) -> str:
    """Passage, question, options, and the request to reason."""
    return with_context(item, f"{with_options(item)}\n{ASK}")


def answer(item: Item, rationale: Rationale = "before") -> str:
    """Rationale and final answer; the rationale always comes first here."""
    final = final_answer(item)
    if not final:
        return ""
    why = item.rationale if item.rationale != final else ""
    return f"{why}\n\n{MARK} {final}" if why else f"{MARK} {final}"


def options(item: Item) -> tuple[str, ...]:
    """Each option as the final answer."""
    texts = item.options if is_decision(item) else lettered(item)
    return tuple(f"{MARK} {text}" for text in texts)


INSTRUCTION = Instruction(question, answer, options)
