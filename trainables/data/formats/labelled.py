"""AdaptLLM's ChemProt and RCT: a sentence and its class, as a closed question.

Cheng, Huang and Wei 2024, https://arxiv.org/abs/2309.09530. Read are the raw columns `text` and
`label`, and those of AdaptLLM/medicine-tasks (`input`, `options`, `gold_index`), which are filled
prompts of the test set.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from trainables.data.formats.cells import index_of, label, layout_of, text, texts, whole, wrong
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

LAYOUTS = {
    "raw": ("text", "label"),
    "AdaptLLM/medicine-tasks": ("input", "options", "gold_index"),
}


class LabelledTask(NamedTuple):
    """A classification of sentences: what is asked of each, and the classes."""

    name: str
    question: str
    classes: tuple[str, ...]


CHEMPROT = LabelledTask(
    "chemprot",
    "What is the relation between the marked chemical and the marked protein?",
    (
        "activator",
        "agonist",
        "agonist-activator",
        "agonist-inhibitor",
        "antagonist",
        "downregulator",
        "indirect-downregulator",
        "indirect-upregulator",
        "inhibitor",
        "product-of",
        "substrate",
        "substrate_product-of",
        "upregulator",
    ),
)
RCT = LabelledTask(
    "rct",
    "Which part of a trial's abstract is this sentence from?",
    ("background", "objective", "methods", "results", "conclusions"),
)


def reader(task: LabelledTask) -> Callable[[Iterable[TableRecord], ReadRequest], Iterator[Item]]:
    """The reader of a task."""

    def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
        for record in records:
            raw = layout_of(record, task.name, LAYOUTS) == "raw"
            yield _raw(record, task) if raw else _filled(record, task)

    return read


def _raw(record: TableRecord, task: LabelledTask) -> Item:
    sentence, gold = (
        text(record, "text", task.name),
        index_of(record, "label", task.name, task.classes),
    )
    return Item(
        id=record.id,
        group=own_group(sentence),
        question=task.question,
        answer=task.classes[gold],
        context=sentence,
        options=task.classes,
        gold=gold,
    )


def _filled(record: TableRecord, task: LabelledTask) -> Item:
    prompt, options = text(record, "input", task.name), tuple(texts(record, "options", task.name))
    gold = whole(record, "gold_index", task.name)
    if gold is None or not 0 <= gold < len(options):
        raise wrong(record, "gold_index", task.name, "points to no option")
    return Item(
        id=label(record, "id", task.name) or record.id,
        group=own_group(prompt),
        question=prompt,
        answer=options[gold],
        options=options,
        gold=gold,
        benchmark=True,
    )


def _format(task: LabelledTask, citation: str, hub: str) -> Format:
    return Format(
        reader(task),
        instruction="multiple_choice",
        citation=f"{citation}; split and published by Cheng D, Huang S, Wei F. Adapting Large "
        "Language Models via Reading Comprehension. ICLR 2024. arXiv:2309.09530",
        licence="not stated",
        hub=Hub(hub),
        splits={
            "train": ("train.jsonl",),
            "validation": ("dev.jsonl",),
            "test": ("test.jsonl", "test.json"),
        },
        evaluation="test",
        benchmark=frozenset({"test"}),
    )


FORMATS = {
    "chemprot": _format(
        CHEMPROT,
        "Krallinger M, Rabal O, Akhondi SA, et al. Overview of the BioCreative VI chemical-protein "
        "interaction Track. BioCreative VI, 2017",
        "AdaptLLM/ChemProt",
    ),
    "rct": _format(
        RCT,
        "Dernoncourt F, Lee JY. PubMed 200k RCT: a Dataset for Sequential Sentence Classification "
        "in Medical Abstracts. IJCNLP 2017",
        "AdaptLLM/RCT",
    ),
}
