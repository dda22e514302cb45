"""Rows of text to tokenised rows, with what truncation did to them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from trainables.data.chat_format import Encoded, encode_many
from trainables.data.chat_turns import EncodedRow, LossTurns, encode_chats
from trainables.data.control_tokens import control_marks, holds_mark
from trainables.data.lengths import Lengths
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
    turns_apart: int = 0  # rows that chats became besides one each: see `chat_turns`


def tokenise(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    lengths: Lengths,
    name: str,
    progress: OnProgress,
    loss_turns: LossTurns = "all",
) -> Tokenised:
    """Tokenise a split; rows with no answer token within its length are dropped and counted.

    `name` is the split's, for progress and errors. Raises InputError where no row is left.
    """
    encoded, length = [], lengths.of(name)
    for start in range(0, len(rows), CHUNK):
        progress(f"tokenising {name} rows {start:,} of {len(rows):,}")
        chunk = rows[start : start + CHUNK]
        encoded += _with_chats(chunk, tokenizer, system_prompt, length, loss_turns)
    kept = [own for found in encoded for own in found]
    if not kept:
        raise nothing_left(f"answer token in any of {len(rows)} {name} rows", lengths, name)
    table = token_rows([row for row, _ in kept], [item for _, item in kept])
    truncated = sum(item.truncated for _, item in kept)
    controls = with_control_text([row for row, _ in kept], tokenizer)
    apart = sum(len(found) - 1 for found in encoded if found)
    return Tokenised(table, truncated, encoded.count([]), controls, apart)


def with_control_text(rows: Sequence[Row], tokenizer: "PreTrainedTokenizerBase") -> int:
    """How many rows hold the text of one of the tokenizer's control tokens."""
    marks = control_marks(tokenizer)
    return sum(
        any(holds_mark(text, marks) for text in (row.question, row.answer, row.system))
        for row in rows
    )


def encoded_rows(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
    name: str,
    progress: OnProgress,
) -> list[Encoded | None]:
    """The tokens of every row, in order, of a chat with its last answer alone learnt; None where no
    answer token is within `max_length`."""
    encoded: list[Encoded | None] = []
    for start in range(0, len(rows), CHUNK):
        progress(f"tokenising {name} rows {start:,} of {len(rows):,}")
        chunk = rows[start : start + CHUNK]
        found = _with_chats(chunk, tokenizer, system_prompt, max_length, "last")
        encoded += [own[0][1] if own else None for own in found]
    return encoded


def nothing_left(what: str, lengths: Lengths, split: str) -> InputError:
    """The error where truncation leaves no `what` of a split."""
    fix, message = "Raise it, or shorten data.system_prompt.", f"truncation leaves no {what}"
    return InputError(lengths.field(split), lengths.of(split), message, fix)


def _with_chats(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
    loss_turns: LossTurns,
) -> list[list[EncodedRow]]:
    """Each row's own rows: one, of a chat perhaps several, none where no answer is left."""
    chats = [row for row in rows if row.turns]
    others = [row for row in rows if not row.turns]
    found = iter(encode_chats(tokenizer, chats, system_prompt, max_length, loss_turns))
    single = iter(_encoded(others, tokenizer, system_prompt, max_length))
    return [next(found) if row.turns else _own(row, next(single)) for row in rows]


def _own(row: Row, encoded: Encoded | None) -> list[EncodedRow]:
    return [] if encoded is None else [(row, encoded)]


def _by_system(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
) -> list[Encoded | None]:
    """Rows with system prompts of their own, those of one prompt together."""
    found: dict[int, Encoded | None] = {}
    for system in dict.fromkeys(row.system for row in rows):
        places = [place for place, row in enumerate(rows) if row.system == system]
        alike = [rows[place]._replace(system="") for place in places]
        encoded = _encoded(alike, tokenizer, system or system_prompt, max_length)
        found.update(zip(places, encoded, strict=True))
    return [found[place] for place in range(len(rows))]


def _encoded(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
) -> list[Encoded | None]:
    """Questions in the chat format, plain text as it is; in the rows' order."""
    of_own = {row.system or None for row in rows}
    if of_own != {None}:
        return _by_system(rows, tokenizer, system_prompt, max_length)
    plain = [number for number, row in enumerate(rows) if row.kind == "text"]
    asked = [number for number, row in enumerate(rows) if row.kind != "text"]
    texts = encode_texts(tokenizer, [rows[number].answer for number in plain], max_length)
    pairs = [(rows[number].question, rows[number].answer) for number in asked]
    try:
        chats = encode_many(tokenizer, pairs, system_prompt, max_length)
    except InputError as error:
        raise _with_id(error, [rows[n] for n in asked], tokenizer, system_prompt) from error
    encoded: dict[int, Encoded | None] = dict(zip(plain, texts, strict=True))
    encoded.update(zip(asked, chats, strict=True))
    return [encoded[number] for number in range(len(rows))]


def _with_id(
    error: InputError,
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
) -> InputError:
    """The error of rows that the chat template refused, with the id of the first that it refuses;
    as it is where it refuses all."""
    refused = [row for row in rows if not _renders(row, tokenizer, system_prompt)]
    if len(refused) == len(rows):
        return error
    message = error.message.replace("a question and its answer", f"row {refused[0].id}", 1)
    more = f" ({len(refused)} rows are refused)" if len(refused) > 1 else ""
    return InputError("data.source", error.value, message + more, error.fix)


def _renders(row: Row, tokenizer: "PreTrainedTokenizerBase", system_prompt: str | None) -> bool:
    try:
        encode_many(tokenizer, [(row.question, row.answer)], system_prompt, 1)
    except InputError:
        return False
    return True
