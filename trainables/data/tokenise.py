"""Rows of text to tokenised rows, with what truncation did to them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from trainables.data.chat import encode_many
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows
from trainables.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHUNK = 2000  # rows between two lines of progress


class Tokenised(NamedTuple):
    """Tokenised rows; how many were cut at the right, and how many lost their whole answer."""

    rows: TokenRows
    truncated: int
    no_answer_left: int


def tokenise(
    rows: Sequence[Row],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    max_length: int,
    name: str,
    progress: Callable[[str], None],
) -> Tokenised:
    """Tokenise a split; rows with no answer token within `max_length` are dropped and counted.

    `name` is the split's, for progress and errors. Raises InputError where no row is left.
    """
    pairs = [(row.question, row.answer) for row in rows]
    encoded = []
    for start in range(0, len(pairs), CHUNK):
        progress(f"tokenising {name} rows {start:,} of {len(pairs):,}")
        encoded += encode_many(tokenizer, pairs[start : start + CHUNK], system_prompt, max_length)
    kept = [(row, item) for row, item in zip(rows, encoded, strict=True) if item is not None]
    if not kept:
        message = f"truncation leaves no answer token in any of {len(rows)} {name} rows"
        fix = "Raise it, or shorten data.system_prompt."
        raise InputError("training.max_length", max_length, message, fix)
    table = token_rows([row for row, _ in kept], [item for _, item in kept])
    return Tokenised(table, sum(item.truncated for _, item in kept), len(rows) - len(kept))
