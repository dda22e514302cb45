"""Rows of text to tokenised rows, with what truncation did to them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from trainables.data.chat_format import Encoded, encode_many
from trainables.data.control_tokens import control_marks, holds_mark
from trainables.data.plain import encode_texts
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows
from trainables.errors import InputError
from trainables.on_progress import OnProgress

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHUNK = 2000  # rows between two lines of progress


class Tokenised(NamedTuple):
    """Tokenised rows; how many were cut at the right, and how many lost their whole answer."""

    rows: TokenRows
    truncated: int
    no_answer_left: int
    control_text: int = 0  # rows that hold the text of a control token


def tokenise(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
    name: str,
    progress: OnProgress,
) -> Tokenised:
    """Tokenise a split; rows with no answer token within `max_length` are dropped and counted.

    `name` is the split's, for progress and errors. Raises InputError where no row is left.
    """
    encoded = encoded_rows(rows, tokenizer, system_prompt, max_length, name, progress)
    kept = [(row, item) for row, item in zip(rows, encoded, strict=True) if item is not None]
    if not kept:
        raise nothing_left(f"answer token in any of {len(rows)} {name} rows", max_length)
    table = token_rows([row for row, _ in kept], [item for _, item in kept])
    truncated = sum(item.truncated for _, item in kept)
    controls = with_control_text([row for row, _ in kept], tokenizer)
    return Tokenised(table, truncated, len(rows) - len(kept), controls)


def with_control_text(rows: Sequence[Row], tokenizer: "PreTrainedTokenizerBase") -> int:
    """How many rows hold the text of one of the tokenizer's control tokens."""
    marks = control_marks(tokenizer)
    return sum(holds_mark(row.question, marks) or holds_mark(row.answer, marks) for row in rows)


def encoded_rows(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
    name: str,
    progress: OnProgress,
) -> list[Encoded | None]:
    """The tokens of every row, in order; None where no answer token is within `max_length`."""
    encoded: list[Encoded | None] = []
    for start in range(0, len(rows), CHUNK):
        progress(f"tokenising {name} rows {start:,} of {len(rows):,}")
        encoded += _encoded(rows[start : start + CHUNK], tokenizer, system_prompt, max_length)
    return encoded


def nothing_left(what: str, max_length: int) -> InputError:
    """The error where truncation leaves no `what`."""
    fix = "Raise it, or shorten data.system_prompt."
    return InputError("training.max_length", max_length, f"truncation leaves no {what}", fix)


def _encoded(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
) -> list[Encoded | None]:
    """Questions in the chat format, plain text as it is; in the rows' order."""
    plain = [number for number, row in enumerate(rows) if row.kind == "text"]
    asked = [number for number, row in enumerate(rows) if row.kind != "text"]
    texts = encode_texts(tokenizer, [rows[number].answer for number in plain], max_length)
    pairs = [(rows[number].question, rows[number].answer) for number in asked]
    chats = encode_many(tokenizer, pairs, system_prompt, max_length)
    encoded: dict[int, Encoded | None] = dict(zip(plain, texts, strict=True))
    encoded.update(zip(asked, chats, strict=True))
    return [encoded[number] for number in range(len(rows))]
