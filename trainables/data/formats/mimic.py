"""MIMIC-III's notes (NOTEEVENTS.csv) as plain text; never stored, never shown.

Johnson et al. 2016, doi:10.1038/sdata.2016.35; https://physionet.org/content/mimiciii/. Only under
PhysioNet's data use agreement, so the file is read where it lies: the format is private, which
means that neither its rows nor its tokens are cached, and no prediction on them is written. Notes
marked as errors are passed over; a patient is a group.
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import label, layout_of, text
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.formats.plain_text import text_items
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord

NAME = "mimic"
LAYOUTS = {
    "NOTEEVENTS.csv": ("ROW_ID", "SUBJECT_ID", "CATEGORY", "TEXT"),
    "noteevents, lower case": ("row_id", "subject_id", "category", "text"),
}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """The pieces of every note."""
    for record in records:
        upper = layout_of(record, NAME, LAYOUTS) == "NOTEEVENTS.csv"
        names = ("ROW_ID", "SUBJECT_ID", "CATEGORY", "TEXT", "ISERROR")
        row, patient, category, note, error = names if upper else map(str.lower, names)
        if label(record, error, NAME) == "1":
            continue
        who, what = label(record, patient, NAME), text(record, category, NAME)
        for item in text_items(label(record, row, NAME), who, text(record, note, NAME)):
            yield item._replace(subject=what)


FORMAT = Format(
    read,
    instruction="plain",
    citation="Johnson AEW, Pollard TJ, Shen L, et al. MIMIC-III, a freely accessible critical care "
    "database. Scientific Data 2016;3:160035. doi:10.1038/sdata.2016.35",
    licence="PhysioNet Credentialed Health Data License 1.5.0",
    splits={"train": ("NOTEEVENTS.csv", "noteevents.csv")},
    private=True,
)
