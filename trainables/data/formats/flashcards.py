"""Medical Meadow flashcards: instruction, input (the question), output (the answer).

Han et al. 2023, https://arxiv.org/abs/2304.08247. The instruction ("Answer this question
truthfully") is the same in all rows and is left out, as the flashcards system does.
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import layout_of, text
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

NAME = "flashcards"
LAYOUTS = {"published": ("instruction", "input", "output")}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; rows with the same question are a group."""
    for record in records:
        layout_of(record, NAME, LAYOUTS)
        question = text(record, "input", NAME)
        yield Item(record.id, own_group(question), question, text(record, "output", NAME))


FORMAT = Format(
    read,
    instruction="plain",
    citation="Han T, Adams LC, Papaioannou J-M, et al. MedAlpaca: An Open-Source Collection of "
    "Medical Conversational AI Models and Training Data. arXiv:2304.08247, 2023",
    licence="CC (hub card)",
    hub=Hub("medalpaca/medical_meadow_medical_flashcards"),
    splits={"train": ("medical_meadow*.json", "train*.json*", "train*.parquet")},
)
