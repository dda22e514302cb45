"""The turns of a chat, as a row carries them: what is said, by whom, and whether it is learnt."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

USER, ASSISTANT = "user", "assistant"
THOUGHT = "<think>\n{thought}\n</think>\n\n{answer}"


class Turn(NamedTuple):
    """What one side says; of the user or the assistant. `learn` is about the assistant's."""

    role: str
    content: str
    learn: bool = True


class Chat(NamedTuple):
    """User and assistant in turn, from a user's turn to an assistant's; `remarks` are names of
    `noticed.WORDS`: what reading it changed."""

    turns: tuple[Turn, ...]
    remarks: tuple[str, ...] = ()

    @property
    def answer(self) -> str:
        """The last turn, the assistant's."""
        return self.turns[-1].content if self.turns else ""

    @property
    def question(self) -> str:
        """All before it."""
        return transcript(self.turns[:-1])


def transcript(turns: Sequence[Turn]) -> str:
    """One turn as it is, several as "Role: text" each."""
    if len(turns) == 1:
        return turns[0].content
    return "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in turns)


def written(chat: Chat) -> str:
    """The chat as JSON; "" where a question and its answer are all that there is."""
    if len(chat.turns) <= 2 and not chat.remarks and all(turn.learn for turn in chat.turns):
        return ""
    return json.dumps([chat.turns, chat.remarks], ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Chat:
    """The inverse of `written`; of "" a chat without turns."""
    turns, remarks = json.loads(text) if text else ((), ())
    return Chat(tuple(Turn(*turn) for turn in turns), tuple(remarks))


def with_answer(turns: str, answer: str) -> str:
    """The whole chat of a prompt's turns and an answer, of which the answer alone is learnt."""
    chat = read(turns)
    return written(Chat((*chat.turns, Turn(ASSISTANT, answer)), chat.remarks))


def tidied(chat: Chat, tidy: Callable[[str], str]) -> Chat:
    """The chat with another wording of each turn."""
    return chat._replace(turns=tuple(t._replace(content=tidy(t.content)) for t in chat.turns))


def silent(turns: Iterable[Turn], role: str) -> bool:
    """Whether a turn of the role says nothing."""
    return any(turn.role == role and not turn.content.strip() for turn in turns)


def thought_aloud(thought: str, answer: str) -> str:
    """An answer behind the thoughts that lead to it, as reasoning models write them."""
    bare = thought.strip("\n").rstrip()
    return THOUGHT.format(thought=bare, answer=answer) if bare.strip() else answer
