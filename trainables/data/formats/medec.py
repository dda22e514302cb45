"""MEDEC: clinical texts, half of them with one error, and the corrected text.

Ben Abacha et al. 2025, https://arxiv.org/abs/2412.19260. Read are the published CSV files; the
test file's blank rows are passed over.
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import layout_of, text, whole, wrong
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord

NAME = "medec"
LAYOUTS = {
    "published": (
        "Text ID",
        "Text",
        "Error Flag",
        "Error Type",
        "Error Sentence",
        "Corrected Sentence",
        "Corrected Text",
    )
}
QUESTION = "Does this clinical text contain a medical error?"
OPTIONS = ("no", "yes")


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a text: `context` is the text, `answer` the correct one, `kind` the error's type.

    `gold` says whether there is an error; the rationale of an error is its sentence and the
    corrected one.
    """
    for record in records:
        layout_of(record, NAME, LAYOUTS)
        if text(record, "Text", NAME):
            yield _item(record)


def _item(record: TableRecord) -> Item:
    flag, given = whole(record, "Error Flag", NAME), text(record, "Text", NAME)
    if flag not in (0, 1):
        raise wrong(record, "Error Flag", NAME, "is neither 0 nor 1")
    found, right = text(record, "Error Sentence", NAME), text(record, "Corrected Sentence", NAME)
    return Item(
        id=text(record, "Text ID", NAME),
        group=text(record, "Text ID", NAME),
        question=QUESTION,
        answer=text(record, "Corrected Text", NAME) if flag else given,
        context=given,
        options=OPTIONS,
        gold=flag,
        rationale=f'"{found}" should read "{right}"' if flag else "",
        kind=text(record, "Error Type", NAME) if flag else "",
    )


FORMAT = Format(
    read,
    instruction="yes_no_maybe",
    citation="Ben Abacha A, Yim W, Fu Y, Sun Z, Yetisgen M, Xia F, Lin T. MEDEC: A Benchmark for "
    "Medical Error Detection and Correction in Clinical Notes. Findings of ACL 2025. "
    "arXiv:2412.19260",
    licence="CC BY 4.0 (MS collection)",
    splits={
        "train": ("MEDEC*TrainingSet*.csv",),
        "validation": ("MEDEC*ValidationSet*.csv",),
        "test": ("MEDEC*TestSet*.csv",),
    },
    evaluation="test",
    benchmark=frozenset({"test"}),
)
