"""Own files in Alpaca's layout: instruction, input (may be empty or absent), output; and, as
LLaMA-Factory has it, `system` and `history`, a list of earlier questions and answers.

Taori et al. 2023, https://github.com/tatsu-lab/stanford_alpaca. The question is the instruction
and below it the input, where there is one: a row without an input loses nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from trainables.data.formats.cells import instruction_item, layout_of, text, wrong
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.table import TableRecord
from trainables.data.turns import ASSISTANT, USER, Chat, Turn, written

NAME = "alpaca"
ROLES = (USER, ASSISTANT)
LAYOUTS = {"Alpaca": ("instruction", "output")}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; instruction and input are the question."""
    for record in records:
        layout_of(record, NAME, LAYOUTS)
        item = instruction_item(record, NAME, between="\n\n")
        yield _behind(record, item._replace(system=text(record, "system", NAME)))


def _behind(record: TableRecord, item: Item) -> Item:
    """The item as the last turn of a chat, where the record has a history; all answers are
    learnt."""
    history: Any = record.cells.get("history") or ()
    if not isinstance(history, Sequence) or not all(map(_is_pair, history)):
        raise wrong(record, "history", NAME, "is not a list of pairs of texts")
    said = [said for pair in history for said in pair]
    turns = [Turn(ROLES[at % 2], text) for at, text in enumerate([*said, item.question])]
    chat = Chat((*turns, Turn(ASSISTANT, item.answer)))
    return item._replace(question=chat.question, turns=written(chat)) if said else item


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and len(value) == 2
        and all(isinstance(text, str) for text in value)
    )


FORMAT = Format(
    read,
    instruction="plain",
    citation="The layout: Taori R, Gulrajani I, Zhang T, et al. Stanford Alpaca: An "
    "Instruction-following LLaMA Model. 2023. https://github.com/tatsu-lab/stanford_alpaca",
    licence="that of the file; Stanford Alpaca's own rows are CC BY-NC 4.0",
    splits={"train": ("*.json", "*.jsonl", "*.csv", "*.parquet")},
)
