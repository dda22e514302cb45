"""Prompts and options as tokens."""

from typing import Any

from tests.trainables.data.tokenizers import CHATML, byte_level
from trainables.data.chat_format import chat_format
from trainables.evaluation.choices import ChoicePrompt
from trainables.evaluation.encoding import ask, cut, encoded, prompt_ids


class Marked:
    """Marks the beginning of every text with a token, as SentencePiece does."""

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [0, *text.encode()]}


def test_an_option_s_tokens_are_those_that_follow_the_prompt() -> None:
    assert encoded(Marked(), "A:", [" b", " cd"]) == ChoicePrompt(
        [0, *b"A:"], [list(b" b"), list(b" cd")]
    )


def test_a_token_across_the_boundary_scores_none_of_the_prompt() -> None:
    tokenizer = byte_level(None, (("b", "c"),))
    own = tokenizer("ab", add_special_tokens=False)["input_ids"]
    assert encoded(tokenizer, "ab", ["cd"]) == ChoicePrompt(
        own, [tokenizer("cd", add_special_tokens=False)["input_ids"]]
    )


def test_the_chat_format_stands_before_the_options_and_ends_no_turn() -> None:
    tokenizer = byte_level(CHATML)
    chat = chat_format(tokenizer, "Be brief.")
    found = ask(tokenizer, chat, "Fever?", ("A. yes", "B. no"), None)
    assert tokenizer.decode(found.prompt).endswith("Fever?<|im_end|>\n<|im_start|>assistant\n")
    assert [tokenizer.decode(option) for option in found.options] == ["A. yes", "B. no"]
    assert prompt_ids(tokenizer, "Fever?", "Be brief.") == found.prompt


def test_without_a_template_the_space_belongs_to_the_option() -> None:
    tokenizer = byte_level(None)
    found = ask(tokenizer, chat_format(tokenizer, None), "Fever?", ("yes", "no"), None)
    assert tokenizer.decode(found.prompt) == "Question: Fever?\nAnswer:"
    assert [tokenizer.decode(option) for option in found.options] == [" yes", " no"]


def test_a_long_prompt_loses_its_beginning() -> None:
    long = ChoicePrompt(list(range(10)), [[1], [2, 3, 4]])
    # 7 tokens are read at most: the last token of an option is not
    assert cut(long, 7).prompt == [5, 6, 7, 8, 9]
    assert cut(long, None) == cut(long, 100) == long
