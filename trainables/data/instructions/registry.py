"""The registry of prompt formats: add one by adding its file and one line here."""

from trainables.data.instructions import (
    chain_of_thought,
    extractive,
    multiple_choice,
    plain,
    yes_no_maybe,
)
from trainables.data.instructions.instruction import Instruction

INSTRUCTIONS: dict[str, Instruction] = {
    "plain": plain.INSTRUCTION,
    "yes_no_maybe": yes_no_maybe.INSTRUCTION,
    "multiple_choice": multiple_choice.INSTRUCTION,
    "extractive": extractive.INSTRUCTION,
    "chain_of_thought": chain_of_thought.INSTRUCTION,
}
