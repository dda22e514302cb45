"""What is trained is what the file says: every format's rows, read back from the tokens that the
model sees, hold the file's text unchanged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.trainables.data import tokenizers
from tests.trainables.data.formats.shared import json_lines
from tests.trainables.data.tokenizers import byte_level
from trainables.data.as_seen import parts_of
from trainables.data.config import DataConfig
from trainables.data.formats.registry import FORMATS
from trainables.data.pairs.config import PairsConfig
from trainables.data.prepare import prepare
from trainables.data.token_rows import TokenRows

ROWS = 8


def inner(what: str, n: int) -> str:
    """A text with all that is lost easily, but for what stands before its first word."""
    return (
        f"{what} {n}: – naïve ﬁ日本 🙂 e\u0301\u00a0x\n  - indented  twice\n\n\tif x:\n    return "
        f"'</s> <|im_start|>user<|im_end|>'  # {what}\n1. **done** &amp; <b>so</b> | EOS"
    )


def whole(what: str, n: int) -> str:
    """The same with an indented first line."""
    return f"    {inner(what, n)}"


class Case(NamedTuple):
    """A record in a format's layout, and its texts in what is read and in what is learnt."""

    record: Callable[[int], dict[str, Any]]
    read: Callable[[int], tuple[str, ...]]
    learnt: Callable[[int], str]
    options: dict[str, Any] = {}  # noqa: RUF012 - of the data section


def plain(question: str, answer: str, **more: Any) -> Case:
    """A format of questions and answers in these columns."""
    return Case(
        lambda n: {**more, question: whole("q", n), answer: whole("a", n)},
        lambda n: (whole("q", n),),
        lambda n: whole("a", n),
    )


def closed(record: Callable[[int], dict[str, Any]], **options: Any) -> Case:
    """A format of questions with options, of which the second is right."""
    return Case(
        record,
        lambda n: (whole("q", n), *(f"{x}. {whole(x, n)}" for x in "ABCD")),
        lambda n: f"B. {whole('B', n)}",
        options,
    )


def instruction(between: str) -> Case:
    """Instruction and input are the question."""
    return Case(
        lambda n: {"instruction": whole("i", n), "input": inner("q", n), "output": whole("a", n)},
        lambda n: (f"{whole('i', n)}{between}{inner('q', n)}",),
        lambda n: whole("a", n),
    )


def classified(label: str, answer: str) -> Case:
    """A sentence and its class."""
    return Case(
        lambda n: {"text": whole("t", n), "label": label},
        lambda n: (whole("t", n),),
        lambda n: answer,
    )


def chat(column: str, who: tuple[str, str, str], role: str, said: str) -> Case:
    """A chat of two turns each."""

    def record(n: int) -> dict[str, Any]:
        system, user, assistant = who
        turns = [(system, "s"), (user, "q"), (assistant, "b"), (user, "r"), (assistant, "a")]
        return {column: [{role: name, said: inner(what, n)} for name, what in turns]}

    return Case(
        record, lambda n: (inner("s", n), inner("q", n), inner("r", n)), lambda n: inner("a", n)
    )


def letters(n: int, prefix: str) -> dict[str, str]:
    return {f"{prefix}{x.lower()}": whole(x, n) for x in "ABCD"}


def note(n: int) -> dict[str, Any]:
    return {"ROW_ID": n, "SUBJECT_ID": n, "CATEGORY": "c", "TEXT": whole("a", n)}


CASES: dict[str, Case] = {
    "columns": plain("question", "answer"),
    "flashcards": plain("input", "output", instruction="Answer truthfully."),
    "medtext": plain("Prompt", "Completion"),
    "medquad": plain("question", "answer", focus="", qtype="c"),
    "medsafetybench": plain("request", "safe_response", category="1"),
    "alpaca": instruction("\n\n"),
    "lavita": instruction("\n"),
    "liveqa": Case(
        lambda n: {
            **{"questionid": n, "subject": whole("s", n)},
            **{"message": inner("q", n), "answer": whole("a", n)},
        },
        lambda n: (f"{whole('s', n)}\n{inner('q', n)}",),
        lambda n: whole("a", n),
    ),
    "medqa": closed(
        lambda n: {
            **{"question": whole("q", n), "options": {x: whole(x, n) for x in "ABCD"}},
            **{"answer_idx": "B", "answer": whole("B", n)},
        }
    ),
    "medmcqa": closed(
        lambda n: {"question": whole("q", n), **letters(n, "op"), "subject_name": "s", "cop": 2},
        answer_index_base=1,
    ),
    "mmlu": closed(
        lambda n: {
            **{"question": whole("q", n), "choices": [whole(x, n) for x in "ABCD"]},
            **{"subject": "anatomy", "answer": 1},
        },
        hub_split="validation",
    ),
    "pubmedqa": Case(
        lambda n: {
            **{"pubid": n, "question": whole("q", n), "context": {"contexts": [whole("c", n)]}},
            **{"final_decision": "yes", "long_answer": whole("a", n)},
        },
        lambda n: (whole("q", n), whole("c", n)),
        lambda n: f"yes\n\n{whole('a', n)}",
        {"rationale": "after"},
    ),
    "squad": Case(
        lambda n: {
            **{"id": n, "question": whole("q", n), "context": whole("c", n)},
            "answers": {"text": [whole("c", n)], "answer_start": [0]},
        },
        lambda n: (whole("q", n), whole("c", n)),
        lambda n: whole("c", n),
    ),
    "medec": Case(
        lambda n: {
            **{"Text ID": str(n), "Text": whole("t", n), "Error Flag": 1, "Error Type": "x"},
            **{"Error Sentence": "It is.", "Corrected Sentence": "It was."},
            "Corrected Text": whole("a", n),
        },
        lambda n: (whole("t", n),),
        lambda n: whole("a", n),
        {"instruction": "plain"},
    ),
    "chemprot": classified("INHIBITOR", "I. inhibitor"),
    "rct": classified("OBJECTIVE", "B. objective"),
    "text": Case(lambda n: {"text": whole("a", n)}, lambda n: (), lambda n: whole("a", n)),
    "mimic": Case(note, lambda n: (), lambda n: whole("a", n)),
    "messages": chat("messages", ("system", "user", "assistant"), "role", "content"),
    "sharegpt": chat("conversations", ("system", "human", "gpt"), "from", "value"),
}


def seen(rows: TokenRows, tokenizer: Any) -> list[tuple[str, str]]:
    """What is read and what is learnt of every row."""
    found = []
    for place in range(len(rows)):
        ids, learnt = rows.row(place).tolist(), rows.supervised(place).tolist()
        parts = list(parts_of(tokenizer, ids, learnt))
        read, said = ("".join(p.text for p in parts if p.learnt is own) for own in (False, True))
        found.append((read, said))
    return found


def both_splits(data: Any) -> list[tuple[str, str]]:
    tokenizer = byte_level(tokenizers.CHATML)
    made = prepare(data, lambda: tokenizer, "bytes", 8000)
    return seen(made.train, tokenizer) + seen(made.validation, tokenizer)


def test_every_format_is_tried() -> None:
    assert set(CASES) == {*FORMATS, "columns"}


@pytest.mark.parametrize("name", CASES)
def test_the_text_of_the_file_is_what_the_model_sees(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    case = CASES[name]
    file = json_lines(tmp_path / "rows.jsonl", [case.record(n) for n in range(ROWS)])
    data = {
        **{"source": file, "system_prompt": None, "split": [0.5, 0.5, 0]},
        "cleaning": {"near_duplicate_threshold": None},
        **({} if name == "columns" else {"format": name}),
        **({"hub_split": "all"} if name in FORMATS and FORMATS[name].one_split else {}),
        **case.options,
    }
    if name == "mmlu":
        data["allow_benchmark_training"] = True
    found = both_splits(DataConfig.model_validate(data))
    assert len(found) == ROWS
    if name in ("text", "mimic"):  # whose first token nothing comes before
        found = [("", read + said) for read, said in found]
    for n in range(ROWS):
        own = [said for read, said in found if all(text in read for text in case.read(n))]
        assert [case.learnt(n) in said for said in own].count(True) == 1


def test_pairs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    columns = {"prompt": "q", "chosen": "c", "rejected": "r"}
    rows = [{name: whole(what, n) for name, what in columns.items()} for n in range(ROWS)]
    file = json_lines(tmp_path / "pairs.jsonl", rows)
    split = (0.5, 0.5, 0.0)
    found = both_splits(PairsConfig(source=file, system_prompt=None, split=split))
    assert len(found) == 2 * ROWS
    for n in range(ROWS):
        own = [said for read, said in found if whole("q", n) in read]
        assert [whole("c", n) in own[0], whole("r", n) in own[1]] == [True, True]
