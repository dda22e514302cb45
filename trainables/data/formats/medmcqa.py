"""MedMCQA: questions of Indian medical entrance examinations, four options.

Pal, Umapathi and Sankarasubbu 2022, https://proceedings.mlr.press/v174/pal22a.html. `cop`, the
right option, counts from 1 in the authors' JSON and from 0 on the hub. Which it is, is told from
the whole file: a 0 anywhere means from 0, a 4 means from 1; where neither occurs, or both do, the
reader asks for `data.answer_index_base` instead of guessing. The unlabelled test set has no `cop`
(the hub writes -1).
"""

from collections.abc import Iterable, Iterator, Sequence

from trainables.data.formats.cells import label, layout_of, text, whole, wrong
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group
from trainables.errors import InputError

NAME = "medmcqa"
OPTIONS = ("opa", "opb", "opc", "opd")
LAYOUTS = {"published": ("question", *OPTIONS, "subject_name")}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; `kind` is the data set's `choice_type`. Raises InputError."""
    found = list(records)
    for record in found:
        layout_of(record, NAME, LAYOUTS)
    published = [_published(record) for record in found]
    base = index_base([cop for cop in published if cop is not None], ask.index_base)
    for record, cop in zip(found, published, strict=True):
        yield _item(record, None if cop is None else cop - base)


def index_base(indices: Sequence[int], given: int | None) -> int:
    """What the first option's index is, told from all indices, or as given; raises InputError."""
    if not indices or given is not None:
        return given or 0
    zero, four = 0 in indices, len(OPTIONS) in indices
    if zero != four:
        return 0 if zero else 1
    what = "both 0 and 4 occur" if zero else "neither 0 nor 4 occurs"
    raise InputError(
        "data.answer_index_base",
        None,
        f"medmcqa: cannot tell whether `cop` counts from 0 or from 1, as {what} in it",
        "Write data.answer_index_base: 1 (the authors' JSON) or 0 (the hub).",
    )


def _published(record: TableRecord) -> int | None:
    cop = whole(record, "cop", NAME)
    return None if cop == -1 else cop


def _item(record: TableRecord, gold: int | None) -> Item:
    options = tuple(text(record, column, NAME) for column in OPTIONS)
    if gold is not None and not 0 <= gold < len(options):
        raise wrong(record, "cop", NAME, "points to no option")
    question = text(record, "question", NAME)
    return Item(
        id=label(record, "id", NAME) or record.id,
        group=own_group(question),
        question=question,
        answer="" if gold is None else options[gold],
        options=options,
        gold=gold,
        rationale=text(record, "exp", NAME),
        subject=text(record, "subject_name", NAME),
        kind=text(record, "choice_type", NAME),
    )


FORMAT = Format(
    read,
    instruction="multiple_choice",
    citation="Pal A, Umapathi LK, Sankarasubbu M. MedMCQA: A Large-scale Multi-Subject "
    "Multi-Choice Dataset for Medical domain Question Answering. CHIL 2022, PMLR 174:248-260",
    licence="MIT (authors' repository); Apache-2.0 (hub)",
    hub=Hub("openlifescienceai/medmcqa"),
    splits={
        "train": ("train.json", "train.jsonl", "train*.parquet"),
        "validation": ("dev.json", "dev.jsonl", "validation*.parquet"),
        "test": ("test.json", "test.jsonl", "test*.parquet"),
    },
    evaluation="validation",
    benchmark=frozenset({"validation", "test"}),
    unlabelled=frozenset({"test"}),
)
