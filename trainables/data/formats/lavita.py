"""lavita/medical-qa-datasets: many medical sets as instruction, input and output.

https://huggingface.co/datasets/lavita/medical-qa-datasets; the subset is chosen by `data.subset`
(`all-processed`, `chatdoctor_icliniq`, …). Where `input` is empty, the instruction is the
question. Some subsets hold questions of benchmarks (MMLU, MedQA): `trainables.data.leaks.without`
finds them.
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import instruction_item, layout_of
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord

NAME = "lavita"
LAYOUTS = {"processed": ("instruction", "input", "output")}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; instruction and input are the question, a line each."""
    for record in records:
        layout_of(record, NAME, LAYOUTS)
        yield instruction_item(record, NAME, between="\n")


FORMAT = Format(
    read,
    instruction="plain",
    citation="Lavita AI. medical-qa-datasets. Hugging Face, 2023",
    licence="as of its parts; see the data set's card",
    hub=Hub("lavita/medical-qa-datasets", "all-processed"),
    splits={
        "train": ("train*.json*", "train*.parquet"),
        "validation": ("validation*.json*", "validation*.parquet"),
        "test": ("test*.json*", "test*.parquet"),
    },
)
