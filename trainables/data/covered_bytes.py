"""How many UTF-8 bytes of a text its first tokens stand for, to the byte: bits per byte must be of
the same tokens as the nats."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")  # SentencePiece's name of a byte without a token
SPACE = "\u2581"  # and of a space


def covered_bytes(
    tokenizer: "PreTrainedTokenizerBase",
    ids: Sequence[int],
    keep: int,
    text: str,
    after: str | None = None,
) -> int:
    """Bytes of `text` that the first `keep` of its tokens `ids` cover; of a character that is cut
    in two those within, and spaces at the cut too.

    `after` is what the tokens stand for besides, at their end (an end-of-turn mark), where special
    tokens are text; without it they stand for nothing. What the tokens have more than text and
    `after` stands before the text: a space that a template or a tokenizer puts there.
    """
    size = len(text.encode())
    marks = after is not None
    whole, kept = _bytes(tokenizer, ids, marks), _bytes(tokenizer, ids[:keep], marks)
    if whole is None or kept is None:
        return min(size, _decoded(tokenizer, ids[:keep]))
    before = max(0, whole - size - len((after or "").encode()))
    return min(size, max(0, kept - before))


def _bytes(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int], marks: bool) -> int | None:
    """Bytes of all tokens; None where the tokenizer does not tell a token's bytes. Special tokens
    have those of their names, or (`marks` False) none."""
    decoder = str(getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None))
    byte_level = "ByteLevel" in decoder  # a character a byte
    if not byte_level and SPACE not in decoder:
        return None
    added, total = tokenizer.added_tokens_decoder, 0
    for id_, piece in zip(ids, tokenizer.convert_ids_to_tokens(list(ids)), strict=True):
        if id_ in added:
            total += (
                0 if added[id_].special and not marks else len(str(added[id_].content).encode())
            )
        elif byte_level:
            total += len(piece)
        else:
            total += 1 if BYTE.fullmatch(piece) else len(piece.replace(SPACE, " ").encode())
    return total


def _decoded(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int]) -> int:
    """Bytes of the tokens' text as far as decoding tells: whole characters, none of the spaces at
    its ends."""
    text = tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return len(str(text).strip().rstrip("\ufffd").encode())
