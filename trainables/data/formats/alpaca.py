"""Own files in Alpaca's layout: instruction, input (may be empty or absent), output.

Taori et al. 2023, https://github.com/tatsu-lab/stanford_alpaca. The question is the instruction
and below it the input, where there is one: a row without an input loses nothing.
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import instruction_item, layout_of
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord

NAME = "alpaca"
LAYOUTS = {"Alpaca": ("instruction", "output")}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; instruction and input are the question."""
    for record in records:
        layout_of(record, NAME, LAYOUTS)
        yield instruction_item(record, NAME, between="\n\n")


FORMAT = Format(
    read,
    instruction="plain",
    citation="The layout: Taori R, Gulrajani I, Zhang T, et al. Stanford Alpaca: An "
    "Instruction-following LLaMA Model. 2023. https://github.com/tatsu-lab/stanford_alpaca",
    licence="that of the file; Stanford Alpaca's own rows are CC BY-NC 4.0",
    splits={"train": ("*.json", "*.jsonl", "*.csv", "*.parquet")},
)
