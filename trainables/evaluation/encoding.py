"""A question and its possible answers as tokens, in the model's own chat format."""

from collections.abc import Sequence
from typing import Any

from trainables.data.chat_format import ChatFormat, chat_format, render
from trainables.data.control_tokens import STAND_IN, hidden, token_ids
from trainables.evaluation.choices import ChoicePrompt


def ask(
    tokenizer: Any, chat: ChatFormat, question: str, options: Sequence[str], longest: int | None
) -> ChoicePrompt:
    """The prompt and the options behind it, without end-of-turn marks.

    A prompt that does not fit with its longest option into `longest` tokens loses its beginning.
    """
    prompt, completion = render(tokenizer, chat, question, options[0])
    written = [hidden(option, chat.marks) for option in options]
    space = completion[: len(completion) - len(written[0]) - len(chat.end_of_turn)]
    joined = [space + option for option in written]
    return cut(encoded(tokenizer, prompt, joined), longest)


def encoded(tokenizer: Any, prompt: str, continuations: Sequence[str]) -> ChoicePrompt:
    """Tokens of the prompt and of each continuation, as lm-evaluation-harness splits them: what the
    tokenizer makes of both together, less the prompt's own tokens."""
    own = _ids(tokenizer, prompt)
    return ChoicePrompt(own, [_behind(tokenizer, prompt, own, text) for text in continuations])


def _behind(tokenizer: Any, prompt: str, own: list[int], text: str) -> list[int]:
    whole = _ids(tokenizer, prompt + text)
    # a token across the boundary would score a part of the prompt
    return whole[len(own) :] if whole[: len(own)] == own else _ids(tokenizer, text)


def cut(ask: ChoicePrompt, longest: int | None) -> ChoicePrompt:
    """The ask within `longest` tokens, from the prompt's end."""
    if longest is None:
        return ask
    # an option's last token is never read
    room = max(1, longest - max(len(option) for option in ask.options) + 1)
    return ask._replace(prompt=ask.prompt[-room:])


def prompt_ids(tokenizer: Any, question: str, system_prompt: str | None) -> list[int]:
    """The tokens after which the model's answer follows."""
    chat = chat_format(tokenizer, system_prompt)
    return _ids(tokenizer, render(tokenizer, chat, question, "Answer")[0])


def context_length(model: Any) -> int | None:
    """The most tokens that the model has positions for; None where its configuration is silent."""
    config = model.config.get_text_config()
    length = getattr(config, "max_position_embeddings", None)
    return int(length) if length else None


def _ids(tokenizer: Any, text: str) -> list[int]:
    if not STAND_IN.search(text):
        return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])
    return token_ids(tokenizer, [text])[0]
