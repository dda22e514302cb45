"""BI55/MedText: cases and a doctor's assessment, columns Prompt and Completion.

https://huggingface.co/datasets/BI55/MedText
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import layout_of, text
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

NAME = "medtext"
LAYOUTS = {"published": ("Prompt", "Completion")}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record."""
    for record in records:
        layout_of(record, NAME, LAYOUTS)
        question = text(record, "Prompt", NAME)
        yield Item(record.id, own_group(question), question, text(record, "Completion", NAME))


FORMAT = Format(
    read,
    instruction="plain",
    citation="BI55. MedText. Hugging Face, 2023",
    licence="CC BY 4.0",
    hub=Hub("BI55/MedText"),
    splits={"train": ("medtext*.csv", "train*.parquet")},
)
