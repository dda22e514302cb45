"""Plain text as tokens, every one of which is learnt: no question, no chat format.

A token is predicted from those before it, so the first one only starts the row: the begin-of-
sequence mark where the tokenizer puts one, else the text's own first token. No end of sequence
follows: a piece of a document does not end it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trainables.data.chat_format import Encoded
from trainables.data.control_tokens import text_ids
from trainables.data.covered_bytes import covered_bytes

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode_texts(
    tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str], max_length: int
) -> list[Encoded | None]:
    """Each text's tokens, at most `max_length`; None where not even one token is to be learnt."""
    if not texts:
        return []
    rows = text_ids(tokenizer, texts)
    pairs = zip(rows, texts, strict=True)
    return [_encoded(tokenizer, ids, text, max_length) for ids, text in pairs]


def _encoded(
    tokenizer: "PreTrainedTokenizerBase", ids: list[int], text: str, max_length: int
) -> Encoded | None:
    if len(ids) > 1 and ids[-1] == tokenizer.eos_token_id:  # some tokenizers end every text
        ids = ids[:-1]
    kept = ids[:max_length]
    if len(kept) < 2:
        return None
    cut = len(kept) < len(ids)
    whole = covered_bytes(tokenizer, ids, len(kept), text) if cut else len(text.encode())
    first = covered_bytes(tokenizer, ids, 1, text)  # 0 for a begin-of-sequence mark
    return Encoded(kept, 1, max(0, whole - first), cut)
