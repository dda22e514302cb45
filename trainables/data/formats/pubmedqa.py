"""PubMedQA, PQA-L: may the abstract's question be answered with yes, no or maybe?

Jin et al. 2019, doi:10.18653/v1/D19-1259. Read are `ori_pqal.json` (an object by PMID) and the
hub's columns. The official test set is 500 PMIDs: those of `test_ground_truth.json` where it lies
beside the file, else the same list as published, kept here.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from trainables.data.formats.cells import index_of, label, layout_of, text, texts, wrong
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.formats.tables import whole_json
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.errors import InputError

NAME = "pubmedqa"
LAYOUTS = {
    "ori_pqal.json": ("QUESTION", "CONTEXTS", "final_decision", "LONG_ANSWER"),
    "hub": ("pubid", "question", "context", "final_decision", "long_answer"),
}
DECISIONS = ("yes", "no", "maybe")
GROUND_TRUTH = "test_ground_truth.json"


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """The items of the split: test (the official 500), train (all others) or all."""
    official = test_ids(ask.folder)
    for record in records:
        item = _item(record)
        item = item._replace(benchmark=item.id in official)
        if ask.split == "all" or item.benchmark == (ask.split == "test"):
            yield item


def test_ids(folder: Path | None) -> frozenset[str]:
    """The PMIDs of the official test set."""
    path = folder / GROUND_TRUTH if folder else None
    if path is None or not path.is_file():
        return _published()
    found = whole_json(path)
    if isinstance(found, dict):
        return frozenset(found)
    fix = "Give the published file, or move it away to use the official list."
    raise InputError("data.source", str(path), "not an object from PMID to decision", fix)


@cache
def _published() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("pubmedqa_test_ids.txt").read_text().split())


def _item(record: TableRecord) -> Item:
    if layout_of(record, NAME, LAYOUTS) == "hub":
        question, decision, long_answer = "question", "final_decision", "long_answer"
        pmid, context = label(record, "pubid", NAME), _hub_context(record)
    else:
        question, decision, long_answer = "QUESTION", "final_decision", "LONG_ANSWER"
        pmid, context = record.id, texts(record, "CONTEXTS", NAME)
    conclusion = text(record, long_answer, NAME)
    return Item(
        id=pmid,
        group=pmid,
        question=text(record, question, NAME),
        answer=conclusion,
        context="\n".join(context),
        options=DECISIONS,
        gold=index_of(record, decision, NAME, DECISIONS),
        rationale=conclusion,  # the abstract's own conclusion is both
    )


def _hub_context(record: TableRecord) -> list[str]:
    context = record.cells["context"]
    if isinstance(context, dict) and "contexts" in context:
        return texts(record._replace(cells=context), "contexts", NAME)
    raise wrong(record, "context", NAME, "is not an object with `contexts`")


FORMAT = Format(
    read,
    instruction="yes_no_maybe",
    citation="Jin Q, Dhingra B, Liu Z, Cohen W, Lu X. PubMedQA: A Dataset for Biomedical Research "
    "Question Answering. EMNLP-IJCNLP 2019:2567-2577. doi:10.18653/v1/D19-1259",
    licence="MIT",
    hub=Hub("qiaojin/PubMedQA", "pqa_labeled"),
    splits={"train": ("ori_pqal.json",), "test": ("ori_pqal.json",), "all": ("ori_pqal.json",)},
    evaluation="test",
    one_split=True,
)
