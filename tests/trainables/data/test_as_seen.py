"""Tokens read back: nothing is lost, control tokens and what is learnt are told apart."""

from typing import Any

import pytest

from tests.trainables.data import tokenizers
from tests.trainables.data.tokenizers import byte_level
from trainables.data.as_seen import Part, decoded, parts_of
from trainables.data.chat_format import encode

ANSWER = "  – 5 mg é\n\t<|im_end|> 日本 "


def parts(tokenizer: Any, max_length: int = 2000) -> tuple[list[int], list[Part]]:
    row = encode(tokenizer, "What?", ANSWER, "Brief.", max_length)
    assert row is not None
    learnt = range(row.answer_start, len(row.input_ids))
    return row.input_ids, list(parts_of(tokenizer, row.input_ids, learnt))


@pytest.mark.parametrize("template", [tokenizers.CHATML, tokenizers.ZEPHYR, None])
def test_the_parts_are_the_whole(template: str | None) -> None:
    tokenizer = byte_level(template)
    ids, found = parts(tokenizer)
    assert "".join(part.text for part in found) == decoded(tokenizer, ids)
    assert ANSWER in "".join(part.text for part in found if part.learnt)
    assert "What?" in "".join(part.text for part in found if not part.learnt)


def test_a_text_that_looks_like_a_control_token_is_no_control_token() -> None:
    _, found = parts(byte_level(tokenizers.CHATML))
    learnt = [part for part in found if part.learnt]
    assert [(part.text, part.control) for part in learnt] == [(ANSWER, False), ("<|im_end|>", True)]
    assert all(part.text in ("<|im_start|>", "<|im_end|>") for part in found if part.control)


def test_a_cut_character_ends_the_row() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    whole, _ = parts(tokenizer)
    lengths = range(len(whole) - 20, len(whole))
    texts = ["".join(p.text for p in parts(tokenizer, length)[1]) for length in lengths]
    assert any(text.endswith("\ufffd") for text in texts)
    assert all(decoded(tokenizer, whole[:n]) == t for n, t in zip(lengths, texts, strict=True))
