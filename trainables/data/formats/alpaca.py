"""Own files in Alpaca's layout: instruction, input (may be empty or absent), output.

Taori et al. 2023, https://github.com/tatsu-lab/stanford_alpaca. The question is the instruction
and below it the input, where there is one: a row without an input loses nothing.
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import layout_of, text
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

NAME = "alpaca"
LAYOUTS = {"Alpaca": ("instruction", "output")}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; instruction and input are the question."""
    for record in records:
        layout_of(record, NAME, LAYOUTS)
        parts = (text(record, "instruction", NAME), text(record, "input", NAME))
        question = "\n\n".join(filter(None, parts))
        yield Item(record.id, own_group(question), question, text(record, "output", NAME))


FORMAT = Format(
    read,
    instruction="plain",
    citation="The layout: Taori R, Gulrajani I, Zhang T, et al. Stanford Alpaca: An "
    "Instruction-following LLaMA Model. 2023. https://github.com/tatsu-lab/stanford_alpaca",
    licence="that of the file; Stanford Alpaca's own rows are CC BY-NC 4.0",
    splits={"train": ("*.json", "*.jsonl", "*.csv", "*.parquet")},
)
