"""Bytes of cut rows by hand: characters cut in two, spaces at the cut, several tokenizers."""

import math
from typing import Any

import numpy as np
import pytest

from tests.trainables.data import tokenizers
from tests.trainables.data.tokenizers import byte_level
from trainables.data.chat_format import encode
from trainables.data.plain import encode_texts
from trainables.data.token_rows import TokenRows
from trainables.evaluation.answer_loss import summed

TEXT = "né 5 µg 😀 日本  \n x"  # 1- to 4-byte characters, spaces in a row


def sentence_pieces(template: str | None) -> Any:
    """As Llama 2's: a space becomes ▁, one is put in front, what has no token is bytes."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = [f"<0x{i:02X}>" for i in range(256)] + [*"▁ABQansweruestio:né5gx"]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.BPE(vocabulary, [], byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    marks = ("<s>", "</s>", "<|im_start|>", "<|im_end|>")
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", chat_template=template
    )


@pytest.mark.parametrize("template", [None, tokenizers.CHATML, tokenizers.SPACED])
def test_a_token_a_byte_covers_as_many_bytes_as_tokens(template: str | None) -> None:
    tokenizer = byte_level(template)
    whole = encode(tokenizer, "Q?", TEXT, None, 10_000)
    assert whole is not None
    size, start = len(TEXT.encode()), whole.answer_start
    ending = len(tokenizer(whole_ending(tokenizer, whole))["input_ids"])
    before = len(whole.input_ids) - start - size - ending  # a space of the template's
    for kept in range(1, size + 1):
        cut = encode(tokenizer, "Q?", TEXT, None, start + kept)
        assert (cut.answer_bytes if cut else 0) == max(0, kept - before)


def whole_ending(tokenizer: Any, whole: Any) -> str:
    """What comes after the answer: one special token, as all these formats have it."""
    return str(tokenizer.decode(whole.input_ids[-1:]))


def test_byte_fallback_and_a_space_in_front_by_hand() -> None:
    """ "né 5 µg" is n é ▁ 5 ▁ <0xC2> <0xB5> g, after a ▁ that no text has."""
    tokenizer = sentence_pieces(None)
    ids = tokenizer("né 5 µg", add_special_tokens=False)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids)[-4:] == ["▁", "<0xC2>", "<0xB5>", "g"]
    whole = encode(tokenizer, "Q?", "né 5 µg", None, 10_000)
    assert whole is not None
    start = whole.answer_start
    cut = [encode(tokenizer, "Q?", "né 5 µg", None, start + kept) for kept in range(1, 10)]
    assert [row.answer_bytes if row else 0 for row in cut] == [0, 1, 3, 4, 5, 6, 7, 8, 9]


def test_merged_tokens_cut_a_character_in_two() -> None:
    """ "Ã" and "©" are the bytes of é in byte-level names; "nÃ" is n and the first of them."""
    tokenizer = byte_level(tokenizers.CHATML, merges=(("n", "Ã"),))
    whole = encode(tokenizer, "Q?", "né né", None, 10_000)
    assert whole is not None
    kept = [encode(tokenizer, "Q?", "né né", None, whole.answer_start + k) for k in (1, 2, 3, 4, 5)]
    assert [cut.answer_bytes for cut in kept if cut] == [2, 3, 4, 6, 7]


@pytest.mark.parametrize("made", [byte_level, sentence_pieces])
def test_plain_text_less_its_first_token(made: Any) -> None:
    tokenizer = made(None)
    ids = tokenizer("né 5 µg")["input_ids"]
    # a space in front is no byte of the text; n is the first token, and has been given
    wanted = {3: 2 if made is byte_level else 3, len(ids) - 1: 7 if made is byte_level else 8}
    for length, size in wanted.items():
        (cut,) = encode_texts(tokenizer, ["né 5 µg"], length)
        assert cut is not None
        assert (cut.truncated, cut.answer_bytes) == (True, size)
    (whole,) = encode_texts(tokenizer, ["né 5 µg"], 100)
    assert whole is not None
    assert whole.answer_bytes == 9 - (made is byte_level)


def test_bits_per_byte_of_a_cut_row_by_hand() -> None:
    """Each token costs log 2 nats, a bit, and is a byte: one bit a byte wherever a row is cut."""
    tokenizer = byte_level(tokenizers.CHATML)
    whole = encode(tokenizer, "Q?", TEXT, None, 10_000)
    assert whole is not None
    for kept in range(1, len(TEXT.encode()) + 1):
        cut = encode(tokenizer, "Q?", TEXT, None, whole.answer_start + kept)
        assert cut is not None
        rows = TokenRows(
            np.array(cut.input_ids, np.int32),
            np.array([0, len(cut.input_ids)]),
            np.array([cut.answer_start], np.int32),
            np.array([cut.answer_bytes]),
            *(["x"] for _ in range(4)),
        )
        found = summed(rows, [kept * math.log(2)], [0]).metrics()
        assert found["bits_per_byte"] == pytest.approx(1, rel=1e-12)
