"""MedQuAD: questions and answers from pages of the US National Institutes of Health.

Ben Abacha and Demner-Fushman 2019, doi:10.1186/s12859-019-3119-4. Read are JSON lines of the
authors' XML (question, answer, focus, qtype, …) and two hub layouts. A group is a focus, the
disease or drug that a page is about, so that all its questions stay together.
"""

from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import label, layout_of, text
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

NAME = "medquad"
LAYOUTS = {
    "JSON lines": ("question", "answer", "focus", "qtype"),
    "lavita/MedQuAD": ("question", "answer", "question_focus", "question_type"),
    "keivalya/MedQuad-MedicalQnADataset": ("Question", "Answer", "qtype"),
}
# columns of question, answer, focus, type, topic and id
COLUMNS = {
    "JSON lines": ("question", "answer", "focus", "qtype", "semantic_group", "id"),
    "lavita/MedQuAD": (
        "question",
        "answer",
        "question_focus",
        "question_type",
        "umls_semantic_group",
        "question_id",
    ),
    "keivalya/MedQuad-MedicalQnADataset": ("Question", "Answer", "focus", "qtype", "topic", "id"),
}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; one without an answer (removed for copyright) has an empty answer."""
    for record in records:
        columns = COLUMNS[layout_of(record, NAME, LAYOUTS)]
        question, answer, focus, kind, topic = (text(record, c, NAME) for c in columns[:5])
        yield Item(
            id=label(record, columns[5], NAME) or record.id,
            group=f"focus:{focus.casefold()}" if focus else own_group(question),
            question=question,
            answer=answer,
            subject=topic,
            kind=kind,
        )


FORMAT = Format(
    read,
    instruction="plain",
    citation="Ben Abacha A, Demner-Fushman D. A question-entailment approach to question "
    "answering. BMC Bioinformatics 2019;20:511. doi:10.1186/s12859-019-3119-4",
    licence="CC BY 4.0",
    hub=Hub("lavita/MedQuAD"),
    splits={"train": ("medquad*.jsonl", "medquad*.csv", "train*.parquet")},
)
