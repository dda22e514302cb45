"""LiveQA Medical (TREC 2017): answers to consumers' questions, scored by experts.

Ben Abacha et al. 2017, https://trec.nist.gov/pubs/trec26/papers/Overview-QA.pdf. Read are scored
answers (JSON lines; the score is 1 incorrect, 2 related, 3 incomplete, 4 excellent), whose text is
"Question: … URL: … Answer: …" of the page they came from, and the hub's training pairs.
"""

import re
from collections.abc import Iterable, Iterator

from trainables.data.formats.cells import label, layout_of, text, whole, wrong
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

NAME = "liveqa"
LAYOUTS = {
    "scored answers": ("qid", "score", "answer_id", "answer"),
    "truehealth/liveqa": ("questionid", "subject", "message", "answer"),
}
PAGE = re.compile(
    r"\s*Question:\s*(?P<question>.*?)\s*(?:URL:\s*(?P<url>\S*)\s*)?Answer:\s*(?P<answer>.*)",
    re.DOTALL,
)


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item an answer; all answers to one question are one group."""
    for record in records:
        scored = layout_of(record, NAME, LAYOUTS) == "scored answers"
        yield _scored(record) if scored else _pair(record)


def _scored(record: TableRecord) -> Item:
    page = PAGE.fullmatch(text(record, "answer", NAME))
    if page is None:
        raise wrong(record, "answer", NAME, "is not `Question: … URL: … Answer: …`")
    score = whole(record, "score", NAME)
    if score is None or not 1 <= score <= 4:
        raise wrong(record, "score", NAME, "is not 1, 2, 3 or 4")
    return Item(
        id=f"{label(record, 'qid', NAME)}-{label(record, 'answer_id', NAME)}",
        group=label(record, "qid", NAME),
        question=page["question"],
        answer=page["answer"],
        score=float(score),
    )


def _pair(record: TableRecord) -> Item:
    subject, message = text(record, "subject", NAME), text(record, "message", NAME)
    question = "\n".join(filter(None, (subject, message)))
    return Item(
        id=record.id,
        group=label(record, "questionid", NAME) or own_group(question),
        question=question,
        answer=text(record, "answer", NAME),
        subject=text(record, "focus", NAME),
        kind=text(record, "type", NAME),
    )


FORMAT = Format(
    read,
    instruction="plain",
    citation="Ben Abacha A, Agichtein E, Pinter Y, Demner-Fushman D. Overview of the Medical "
    "Question Answering Task at TREC 2017 LiveQA. TREC 2017",
    licence="CC BY 4.0 (judged NIH answers)",
    hub=Hub("truehealth/liveqa"),
    splits={
        "test": ("liveqa*.jsonl", "All-qrels*.jsonl"),
        "train": ("train*.jsonl", "train*.parquet"),
    },
    evaluation="test",
)
