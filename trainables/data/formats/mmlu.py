"""MMLU's six medical subjects, four options.

Hendrycks et al. 2021, https://openreview.net/forum?id=d7KBjmI3GmQ. Read are the authors' headerless
CSV files, a file a subject (question, four options, letter), and the hub's columns.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainables.data.formats.cells import index_of, layout_of, text, texts, whole, wrong
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.formats.tables import table_records
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.encodings import text_of
from trainables.data.sources.source import own_group
from trainables.errors import InputError

NAME = "mmlu"
SUBJECTS = (  # as MultiMedQA has them: Singhal et al. 2023, doi:10.1038/s41586-023-06291-2
    "anatomy",
    "clinical_knowledge",
    "college_biology",
    "college_medicine",
    "medical_genetics",
    "professional_medicine",
)
LETTERS = ("A", "B", "C", "D")
LAYOUTS = {
    "CSV by subject": ("subject", "question", *LETTERS, "answer"),
    "hub": ("question", "subject", "choices", "answer"),
}


def csv_records(path: Path) -> Iterator[TableRecord]:
    """A record a line of SUBJECT_SPLIT.csv; other files as tables with columns."""
    if path.suffix.lower() != ".csv":
        yield from table_records(path)
        return
    subject = path.stem.rpartition("_")[0]
    lines = csv.reader(io.StringIO(text_of(path), newline=""))
    for number, cells in enumerate((line for line in lines if line), start=1):
        where = f"{path.name}, row {number}"
        if len(cells) != 6:
            fix = "mmlu expects no header and the columns question, A, B, C, D, answer."
            raise InputError("data.format", NAME, f"{where} has {len(cells)} cells, not 6", fix)
        names = ("question", *LETTERS, "answer")
        row = {"subject": subject, **dict(zip(names, cells, strict=True))}
        yield TableRecord(f"{subject}-{number}", where, row)


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """The items of the medical subjects; those of other subjects are passed over."""
    for record in records:
        layout = layout_of(record, NAME, LAYOUTS)
        if (subject := text(record, "subject", NAME)) not in SUBJECTS:
            continue
        options, gold = _hub(record) if layout == "hub" else _line(record)
        question = text(record, "question", NAME)
        yield Item(
            id=record.id,
            group=own_group(question),
            question=question,
            answer=options[gold],
            options=options,
            gold=gold,
            subject=subject,
        )


def _line(record: TableRecord) -> tuple[tuple[str, ...], int]:
    options = tuple(text(record, letter, NAME) for letter in LETTERS)
    return options, index_of(record, "answer", NAME, LETTERS)


def _hub(record: TableRecord) -> tuple[tuple[str, ...], int]:
    options, gold = tuple(texts(record, "choices", NAME)), whole(record, "answer", NAME)
    if gold is None or not 0 <= gold < len(options):
        raise wrong(record, "answer", NAME, "points to no choice")
    return options, gold


FORMAT = Format(
    read,
    instruction="multiple_choice",
    citation="Hendrycks D, Burns C, Basart S, et al. Measuring Massive Multitask Language "
    "Understanding. ICLR 2021",
    licence="MIT",
    hub=Hub("cais/mmlu", "all"),
    splits={
        "test": tuple(f"{subject}_test.csv" for subject in SUBJECTS),
        "validation": tuple(f"{subject}_val.csv" for subject in SUBJECTS),
        "dev": tuple(f"{subject}_dev.csv" for subject in SUBJECTS),
    },
    evaluation="test",
    benchmark=frozenset({"test"}),
    records=csv_records,
)
