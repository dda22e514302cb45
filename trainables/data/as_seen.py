"""A row as the model sees it: its tokens read back as text, control tokens and what is learnt told
apart."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Part(NamedTuple):
    """A stretch of a row."""

    text: str
    learnt: bool  # supervised, or of an answer that is compared with another
    control: bool  # a control token, which `text` is only the name of


def parts_of(
    tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int], learnt: Collection[int]
) -> Iterator[Part]:
    """A row's tokens as text, in order, a control token each by itself.

    `learnt` are the places of supervised tokens. Texts are cut out of the whole, since tokens
    alone may read otherwise than beside others (spaces, characters of several tokens).
    """
    controls = {id_ for id_, token in tokenizer.added_tokens_decoder.items() if token.special}
    controls |= set(tokenizer.all_special_ids)

    def kind(place: int) -> tuple[bool, int]:
        return place in chosen, place + 1 if ids[place] in controls else 0

    chosen, written = set(learnt), 0
    for (supervised, control), places in groupby(range(len(ids)), kind):
        end = list(places)[-1] + 1
        text = decoded(tokenizer, ids[:end])
        # a character whose last token is in the next part is written there
        whole = text if end == len(ids) else text.rstrip("\ufffd")
        yield Part(whole[written:], supervised, bool(control))
        written = max(written, len(whole))


def decoded(tokenizer: "PreTrainedTokenizerBase", ids: Sequence[int]) -> str:
    """Tokens as text, control tokens by their names, no space taken away."""
    return str(
        tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    )
