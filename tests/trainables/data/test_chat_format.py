"""Which tokens are supervised, under the chat templates of real model families."""

from typing import Any

import pytest

from tests.trainables.data import tokenizers
from tests.trainables.data.tokenizers import byte_level
from trainables.data.chat_format import encode, encode_many

QUESTION, ANSWER, SYSTEM = "What is fever?", "A raised body temperature.", "You are a doctor."


def parts(
    tokenizer: Any, system: str | None = SYSTEM, answer: str = ANSWER, max_length: int = 1000
) -> tuple[str, str]:
    """(prompt, supervised part) as text."""
    encoded = encode(tokenizer, QUESTION, answer, system, max_length)
    assert encoded is not None
    ids, start = encoded.input_ids, encoded.answer_start
    return tokenizer.decode(ids[:start]), tokenizer.decode(ids[start:])


def test_chatml_supervises_the_answer_and_its_end_without_the_newline_after() -> None:
    assert parts(byte_level(tokenizers.CHATML)) == (
        f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{QUESTION}<|im_end|>\n"
        "<|im_start|>assistant\n",
        f"{ANSWER}<|im_end|>",
    )


def test_the_end_of_turn_is_one_special_token() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    encoded = encode(tokenizer, QUESTION, ANSWER, SYSTEM, 1000)
    assert encoded is not None
    assert encoded.input_ids[-1] == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert len(encoded.input_ids) - encoded.answer_start == len(ANSWER) + 1


def test_without_a_system_prompt_there_is_no_system_turn() -> None:
    prompt, _ = parts(byte_level(tokenizers.CHATML), system=None)
    assert prompt == f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"


def test_eos_as_end_of_turn() -> None:
    prompt, supervised = parts(byte_level(tokenizers.ZEPHYR))
    assert prompt.endswith(f"{QUESTION}</s>\n<|assistant|>\n")
    assert supervised == f"{ANSWER}</s>"


@pytest.mark.parametrize("template", [tokenizers.NO_SYSTEM, tokenizers.DEAF])
def test_a_template_that_takes_no_system_turn_gets_it_in_the_users(template: str) -> None:
    prompt, supervised = parts(byte_level(template))
    assert prompt == (
        f"<|im_start|>user\n{SYSTEM}\n\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
    )
    assert supervised == f"{ANSWER}<|im_end|>"


def test_an_empty_block_of_thoughts_is_not_supervised() -> None:
    prompt, supervised = parts(byte_level(tokenizers.THINKING))
    assert prompt.endswith("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert supervised == f"{ANSWER}<|im_end|>"


def test_a_space_before_the_answer_goes_with_the_answer() -> None:
    prompt, supervised = parts(byte_level(tokenizers.SPACED))
    assert prompt.endswith("ASSISTANT:")
    assert supervised == f" {ANSWER}</s>"


def test_a_template_that_ends_no_answer_gets_eos() -> None:
    assert parts(byte_level(tokenizers.ENDLESS))[1].endswith(f"{ANSWER}</s>")


def test_an_answer_that_the_template_rewrites_is_trained_as_it_is() -> None:
    prompt, supervised = parts(byte_level(tokenizers.SHOUTING), answer="Eine große Temperatur.")
    assert prompt.endswith("<|im_start|>assistant\n")
    assert supervised == "Eine große Temperatur.<|im_end|>"


def test_without_a_template_the_stated_format() -> None:
    assert parts(byte_level(None)) == (
        f"{SYSTEM}\n\nQuestion: {QUESTION}\nAnswer:",
        f" {ANSWER}</s>",
    )
    assert parts(byte_level(None), system=None)[0] == f"Question: {QUESTION}\nAnswer:"


def test_without_a_template_bos_where_the_tokenizer_puts_it() -> None:
    from tokenizers import processors

    tokenizer = byte_level(None)
    bos = ("<s>", tokenizer.bos_token_id)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[bos]
    )
    encoded = encode(tokenizer, QUESTION, ANSWER, None, 1000)
    assert encoded is not None
    assert encoded.input_ids[:2] == [tokenizer.bos_token_id, *tokenizer.encode("Q")[1:]]
    assert encoded.input_ids.count(tokenizer.bos_token_id) == 1


def test_a_token_across_the_boundary_is_not_used() -> None:
    # "Ċ" is the byte-level name of a newline: newline + A would be one token
    tokenizer = byte_level(tokenizers.CHATML, merges=(("Ċ", "A"),))
    assert len(tokenizer.encode("\nA")) == 1
    prompt, supervised = parts(tokenizer)
    assert prompt.endswith("assistant\n")
    assert supervised == f"{ANSWER}<|im_end|>"


def test_truncation_is_at_the_right_and_counts_the_bytes_kept() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    whole = encode(tokenizer, QUESTION, ANSWER, SYSTEM, 1000)
    assert whole is not None
    assert (whole.truncated, whole.answer_bytes) == (False, len(ANSWER))
    assert encode(tokenizer, QUESTION, ANSWER, SYSTEM, len(whole.input_ids)) == whole
    cut = encode(tokenizer, QUESTION, ANSWER, SYSTEM, whole.answer_start + 8)
    assert cut is not None
    assert cut.input_ids == whole.input_ids[: whole.answer_start + 8]
    assert (cut.truncated, cut.answer_bytes) == (True, len("A raised"))


def test_only_the_end_of_turn_cut_off_keeps_all_bytes() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    whole = encode(tokenizer, QUESTION, ANSWER, SYSTEM, 1000)
    assert whole is not None
    cut = encode(tokenizer, QUESTION, ANSWER, SYSTEM, len(whole.input_ids) - 1)
    assert cut is not None
    assert (cut.truncated, cut.answer_bytes) == (True, len(ANSWER))


def test_bytes_are_utf8_and_of_a_character_cut_in_two_those_within_count() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    whole = encode(tokenizer, QUESTION, "élévation", None, 1000)
    assert whole is not None
    assert whole.answer_bytes == 11
    cut = encode(tokenizer, QUESTION, "élévation", None, whole.answer_start + 4)
    assert cut is not None
    assert cut.answer_bytes == len("élé".encode()) - 1


def test_no_answer_token_left_is_none() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    whole = encode(tokenizer, QUESTION, ANSWER, SYSTEM, 1000)
    assert whole is not None
    start = whole.answer_start
    assert encode(tokenizer, QUESTION, ANSWER, SYSTEM, start) is None
    assert encode(tokenizer, QUESTION, ANSWER, SYSTEM, start + 1) is not None
    assert encode(tokenizer, QUESTION, ANSWER, SYSTEM, 3) is None


def test_many_at_once_equal_one_at_a_time() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    pairs = [(QUESTION, ANSWER), ("Why?", "Because of an infection."), ("Eh?", "x" * 400)]
    expected = [encode(tokenizer, question, answer, SYSTEM, 200) for question, answer in pairs]
    assert encode_many(tokenizer, pairs, SYSTEM, 200) == expected
    assert encode_many(tokenizer, [], SYSTEM, 200) == []


def test_agrees_with_the_tokenizers_own_chat_tokens() -> None:
    tokenizer = byte_level(tokenizers.CHATML)
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": ANSWER},
    ]
    own = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=False)
    prompt = tokenizer.apply_chat_template(
        messages[:-1], tokenize=True, return_dict=False, add_generation_prompt=True
    )
    encoded = encode(tokenizer, QUESTION, ANSWER, SYSTEM, 1000)
    assert encoded is not None
    assert encoded.input_ids == own[:-1]  # without the newline after the end of turn
    assert encoded.input_ids[: encoded.answer_start] == prompt
