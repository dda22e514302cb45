"""Prompts and completions as TRL hands them over (text or chat messages), as items and text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trainables.data.items import Item
from trainables.errors import InputError

Message = Mapping[str, Any]
ChatPrompt = str | Sequence[Message]  # chat messages: {"role": …, "content": …}
Reward = Callable[..., list[float]]  # reward(prompts, completions, **columns)


def answer_text(completion: ChatPrompt) -> str:
    """The text of a completion: the assistant's turns of a chat, joined."""
    return _joined(completion, "assistant")


def question_text(prompt: ChatPrompt) -> str:
    """The text of a prompt: the user's turns of a chat, joined; system turns are left out."""
    return _joined(prompt, "user")


def items_of(prompts: Sequence[ChatPrompt], columns: Mapping[str, Any]) -> list[Item]:
    """An item a prompt, of the data set's columns where it has them: `question` (else the prompt
    itself), `answer`, `context`, `options`, `gold`, `rationale`. Raises InputError where a column
    has another length."""
    for name, values in columns.items():
        if name in Item._fields and len(values) != len(prompts):
            raise InputError(
                f"reward column {name}", len(values), f"there are {len(prompts)} prompts"
            )
    return [_item(n, prompt, columns) for n, prompt in enumerate(prompts)]


def _item(n: int, prompt: ChatPrompt, columns: Mapping[str, Any]) -> Item:
    found = {
        name: columns[name][n]
        for name in ("question", "answer", "context", "options", "gold", "rationale")
        if name in columns and columns[name][n] is not None
    }
    options = tuple(found.pop("options", ()))
    found.setdefault("question", question_text(prompt))
    return Item(id=str(n), group=str(n), options=options, **found)


def _joined(turns: ChatPrompt, role: str) -> str:
    if isinstance(turns, str):
        return turns.strip()
    texts = [str(turn.get("content") or "") for turn in turns if turn.get("role") == role]
    return "\n".join(texts).strip()
