"""Questions about a passage in SQuAD's layout: RadQA, COVID-QA.

Rajpurkar et al. 2018, doi:10.18653/v1/P18-2124. Read are SQuAD's nested JSON (`data`, `paragraphs`,
`qas`) and the hub's flat columns. A question may have several answers, or none in the passage
(`is_impossible`, or no answer on the hub): then the item's `kind` is `unanswerable`. A group is
a document, so that no passage is on both sides of a split.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainables.data.formats.cells import label, layout_of, text, texts, wrong
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.formats.tables import table_records, whole_json
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.errors import InputError

NAME = "squad"
UNANSWERABLE = "unanswerable"
LAYOUTS = {
    "SQuAD JSON": ("qas", "context", "document"),
    "hub": ("question", "context", "answers"),
}
QUESTION = {"a question of SQuAD JSON": ("question", "id", "answers")}


def nested_records(path: Path) -> Iterator[TableRecord]:
    """A record a paragraph of SQuAD's JSON; other files as tables with columns."""
    data = whole_json(path) if path.suffix.lower() == ".json" else None
    if not isinstance(data, dict) or "data" not in data:
        yield from table_records(path)
        return
    for number, document in enumerate(_objects(data["data"], f"{path.name}, data"), start=1):
        where = f"{path.name}, document {number}"
        for place, paragraph in enumerate(
            _objects(document.get("paragraphs"), f"{where}, paragraphs"), start=1
        ):
            name = document.get("title") or paragraph.get("document_id")
            row = {**paragraph, "document": str(name or "")}
            yield TableRecord(f"{number}-{place}", f"{where}, paragraph {place}", row)


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a question."""
    for record in records:
        if layout_of(record, NAME, LAYOUTS) == "hub":
            yield _hub(record)
            continue
        passage = text(record, "context", NAME)
        group = text(record, "document", NAME) or _own(passage)
        for number, question in enumerate(
            _objects(record.cells["qas"], f"{record.where}, qas"), start=1
        ):
            where = f"{record.where}, question {number}"
            yield _item(TableRecord(record.id, where, question), passage, group)


def _item(record: TableRecord, passage: str, group: str) -> Item:
    layout_of(record, NAME, QUESTION)
    found = [
        text(TableRecord(record.id, record.where, answer), "text", NAME)
        for answer in _objects(record.cells["answers"], f"{record.where}, answers")
    ]
    if record.cells.get("is_impossible"):
        found = []
    elif not any(found):
        raise wrong(record, "answers", NAME, "is empty though is_impossible is not true")
    return _made(label(record, "id", NAME), group, text(record, "question", NAME), passage, found)


def _hub(record: TableRecord) -> Item:
    answers, passage = record.cells["answers"], text(record, "context", NAME)
    if not isinstance(answers, dict):
        raise wrong(record, "answers", NAME, "is not an object with `text`")
    found = texts(record._replace(cells=answers), "text", NAME)
    group = label(record, "title", NAME) or label(record, "document_id", NAME) or _own(passage)
    identity = label(record, "id", NAME) or record.id
    return _made(identity, group, text(record, "question", NAME), passage, found)


def _made(identity: str, group: str, question: str, passage: str, found: list[str]) -> Item:
    answers = tuple(dict.fromkeys(filter(None, found)))
    return Item(
        id=identity,
        group=group,
        question=question,
        answer=answers[0] if answers else "",
        context=passage,
        answers=answers,
        kind="" if answers else UNANSWERABLE,
    )


def _own(passage: str) -> str:
    return "passage:" + hashlib.sha256(passage.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _objects(value: object, where: str) -> list[dict[str, object]]:
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        return value
    fix = "squad expects data[].paragraphs[].{context, qas[].{id, question, answers[].text}}."
    raise InputError("data.format", NAME, f"{where}: not a list of objects", fix)


FORMAT = Format(
    read,
    instruction="extractive",
    citation="COVID-QA: Möller T, Reina A, Jayakumar R, Pietsch M. COVID-QA: A Question Answering "
    "Dataset for COVID-19. NLP-COVID19 Workshop, ACL 2020. RadQA: Soni S, Gudala M, Pajouhi A, "
    "Roberts K. RadQA: A Question Answering Dataset to Improve Comprehension of Radiology Reports. "
    "LREC 2022:6250-6259",
    licence="COVID-QA: Apache-2.0. RadQA: PhysioNet Credentialed Health Data License 1.5.0 "
    "(set data.private: true)",
    hub=Hub("deepset/covid_qa_deepset"),
    splits={
        "train": ("train*.json", "*covidQA*.json", "COVID-QA*.json", "train*.parquet"),
        "validation": ("dev*.json", "validation*.parquet"),
        "test": ("test*.json", "test*.parquet"),
    },
    records=nested_records,
)
