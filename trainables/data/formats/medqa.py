"""MedQA (USMLE): board examination questions with four or five options.

Jin et al. 2021, doi:10.3390/app11146421. Read are the authors' JSON lines (the columns of
GBaker/MedQA-USMLE-4-options too), BigBio's source columns (options as a list of key and value),
BigBio's own schema, and GBaker's -hf columns.
"""

from collections.abc import Iterable, Iterator

from trainables.data.cleaning import trimmed
from trainables.data.formats.cells import label, layout_of, text, texts, whole, wrong
from trainables.data.formats.format import Format, Hub, ReadRequest
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.source import own_group

NAME = "medqa"
LAYOUTS = {
    "original": ("question", "options", "answer_idx", "answer"),
    "bigbio_qa": ("question", "choices", "answer"),
    "-hf": ("sent1", "ending0", "ending1", "ending2", "ending3", "label"),
}


def read(records: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a record; raises InputError where the answer is not the option it points to."""
    for record in records:
        layout = layout_of(record, NAME, LAYOUTS)
        question = text(record, "sent1" if layout == "-hf" else "question", NAME)
        options, gold = READ[layout](record)
        yield Item(
            id=label(record, "id", NAME) or record.id,
            group=own_group(question),
            question=question,
            answer=options[gold],
            options=options,
            gold=gold,
            subject=text(record, "meta_info", NAME),
        )


def _original(record: TableRecord) -> tuple[tuple[str, ...], int]:
    lettered = _lettered(record)
    letter = text(record, "answer_idx", NAME)
    if letter not in lettered:
        raise wrong(record, "answer_idx", NAME, f"is none of {', '.join(lettered)}")
    if lettered[letter] != text(record, "answer", NAME):
        raise wrong(record, "answer", NAME, f"is not the text of option {letter}")
    return tuple(lettered.values()), list(lettered).index(letter)


def _lettered(record: TableRecord) -> dict[str, str]:
    """Options by letter, in the order of the letters; the hub pads short rows with nulls."""
    options = record.cells["options"]
    if isinstance(options, dict):
        pairs = list(options.items())
    elif isinstance(options, list) and all(isinstance(o, dict) for o in options):
        pairs = [(o.get("key"), o.get("value")) for o in options]
    else:
        raise wrong(record, "options", NAME, "is neither an object nor a list of key and value")
    if any(not isinstance(k, str) or not isinstance(v, str | None) for k, v in pairs):
        raise wrong(record, "options", NAME, "holds what is not text")
    return {k: trimmed(v) for k, v in sorted(pairs) if v is not None}


def _bigbio(record: TableRecord) -> tuple[tuple[str, ...], int]:
    options = tuple(texts(record, "choices", NAME))
    answers = texts(record, "answer", NAME)
    if len(answers) != 1 or options.count(answers[0]) != 1:
        raise wrong(record, "answer", NAME, "is not exactly one of the choices")
    return options, options.index(answers[0])


def _endings(record: TableRecord) -> tuple[tuple[str, ...], int]:
    options = tuple(text(record, f"ending{n}", NAME) for n in range(4))
    gold = whole(record, "label", NAME)
    if gold is None or not 0 <= gold < len(options):
        raise wrong(record, "label", NAME, "is not an index from 0 to 3")
    return options, gold


READ = {"original": _original, "bigbio_qa": _bigbio, "-hf": _endings}
FORMAT = Format(
    read,
    instruction="multiple_choice",
    citation="Jin D, Pan E, Oufattole N, Weng W-H, Fang H, Szolovits P. What Disease Does This "
    "Patient Have? A Large-Scale Open Domain Question Answering Dataset from Medical Exams. "
    "Applied Sciences 2021;11(14):6421. doi:10.3390/app11146421",
    licence="MIT (authors' repository); CC BY 4.0 (GBaker/MedQA-USMLE-4-options)",
    hub=Hub("GBaker/MedQA-USMLE-4-options"),
    splits={
        "train": ("train.jsonl", "*_train.jsonl", "train*.parquet"),
        "validation": ("dev.jsonl", "*_dev.jsonl", "validation*.parquet"),
        "test": ("test.jsonl", "*_test.jsonl", "test*.parquet"),
    },
    evaluation="test",
    benchmark=frozenset({"test"}),
)
