"""Chats of several turns as tokens, in the model's own chat format.

Each answer's prompt is what the model sees when it is to give that answer: the chat up to there,
rendered by the template. Where all these are beginnings of the whole chat, as with most templates,
the chat is one row, in which every answer and its end-of-turn mark are learnt. Some templates write
earlier turns otherwise once others follow (Qwen3 removes thoughts, Mistral moves the system prompt
to the last question): then each answer is a row of its own, `ID#1`, `ID#2`, …, with the prompt that
the model will see. Truncation is at the right, as of other rows; what no answer is left in goes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from trainables.data.chat_format import (
    ChatFormat,
    Encoded,
    already_open,
    chat_format,
    encode_in,
    render_turns,
)
from trainables.data.control_tokens import token_ids
from trainables.data.covered_bytes import covered_bytes
from trainables.data.rows import Row
from trainables.data.turns import ASSISTANT, Turn, read, transcript
from trainables.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LossTurns = Literal["all", "last"]
EncodedRow = tuple[Row, Encoded]
Span = tuple[int, int]


class _Answer(NamedTuple):
    """A learnt answer: the turns up to it, and they rendered."""

    turns: tuple[Turn, ...]
    prompt: str
    completion: str  # the answer and its end-of-turn mark

    @property
    def text(self) -> str:
        """What of the answer is learnt."""
        said = self.turns[-1].content
        return said[already_open(self.prompt, said) :]

    @property
    def whole(self) -> str:
        return self.prompt + self.completion


class _Encoder(NamedTuple):
    """What the rows of a split are encoded with; `formats` by system prompt."""

    tokenizer: "PreTrainedTokenizerBase"
    system_prompt: str | None
    max_length: int
    loss_turns: LossTurns
    formats: dict[str | None, ChatFormat]


def encode_chats(
    tokenizer: "PreTrainedTokenizerBase",
    rows: Sequence[Row],
    system_prompt: str | None,
    max_length: int,
    loss_turns: LossTurns = "all",
) -> list[list[EncodedRow]]:
    """Each chat's rows, with the answer that its tokens end with; none where truncation leaves no
    answer, or none is learnt. A chat's own system turn replaces `system_prompt`. Raises InputError
    where a template refuses a chat."""
    with_ = _Encoder(tokenizer, system_prompt, max_length, loss_turns, {})
    return [_encoded(with_, row) for row in rows]


def _encoded(with_: _Encoder, row: Row) -> list[EncodedRow]:
    chat = _format(with_, row.system or with_.system_prompt)
    answers = _answers(with_, chat, row)
    if not answers:
        return []
    within = _within(chat, answers)
    if within is not None:
        found = _together(with_, chat, within)
        return [(_ending(row, answers[found[0]], ""), found[1])] if found else []
    alone = [
        (_ending(row, answer, f"#{number}"), _alone(with_, chat, answer))
        for number, answer in enumerate(answers, start=1)
    ]
    return [(own, encoded) for own, encoded in alone if encoded is not None]


def _within(chat: ChatFormat, answers: Sequence[_Answer]) -> list[_Answer] | None:
    """The answers as they stand in the whole chat; None where one stands there otherwise than at
    the end of the chat up to it. What follows the last turn alone (Phi-3: eos) is only there."""
    whole, found = answers[-1].whole, []
    first = next(iter(chat.end_of_turn.split()), "")
    for answer in answers:
        shorter = answer.completion.removesuffix(chat.end_of_turn) + first
        fits = [c for c in (answer.completion, shorter) if whole.startswith(answer.prompt + c)]
        if not fits:
            return None
        found.append(answer._replace(completion=fits[0]))
    return found


def _format(with_: _Encoder, system: str | None) -> ChatFormat:
    if system not in with_.formats:
        with_.formats[system] = chat_format(with_.tokenizer, system)
    return with_.formats[system]


def _answers(with_: _Encoder, chat: ChatFormat, row: Row) -> list[_Answer]:
    """The answers that are learnt, in order."""
    from jinja2 import TemplateError

    turns = read(row.turns).turns
    learnt = [n for n, turn in enumerate(turns) if turn.role == ASSISTANT and turn.learn]
    if with_.loss_turns == "last":
        learnt = learnt[-1:]
    try:
        return [_answer(with_, chat, turns[: place + 1]) for place in learnt]
    except TemplateError as error:
        message = f"the model's chat template refuses the chat of row {row.id}: {error}"
        fix = "Correct that row, or leave it out."
        raise InputError("data.source", None, message, fix) from error


def _answer(with_: _Encoder, chat: ChatFormat, turns: tuple[Turn, ...]) -> _Answer:
    texts = [turn.content for turn in turns]
    return _Answer(turns, *render_turns(with_.tokenizer, chat, texts))


def _alone(with_: _Encoder, chat: ChatFormat, answer: _Answer) -> Encoded | None:
    rendered = [(answer.prompt, answer.completion)]
    said = answer.turns[-1].content
    return encode_in(with_.tokenizer, chat, rendered, [said], with_.max_length)[0]


def _together(
    with_: _Encoder, chat: ChatFormat, answers: Sequence[_Answer]
) -> tuple[int, Encoded] | None:
    """All answers in one row, and which is the last that truncation leaves a token of."""
    ids, spans = _spans(with_.tokenizer, answers)
    left = [n for n, (start, _) in enumerate(spans) if start < with_.max_length]
    bytes_ = [_bytes(with_, chat, ids, spans[n], answers[n].text) for n in left]
    while left and not bytes_[-1]:  # a part of a character, or of the end-of-turn mark
        left, bytes_ = left[:-1], bytes_[:-1]
    if not left:
        return None
    last = left[-1]
    start, end = spans[last]
    kept = ids[: min(end, with_.max_length)]
    cut = len(kept) < len(ids)
    return last, Encoded(kept, start, sum(bytes_), cut, tuple(spans[n] for n in left[:-1]))


def _spans(
    tokenizer: "PreTrainedTokenizerBase", answers: Sequence[_Answer]
) -> tuple[list[int], list[Span]]:
    """The tokens of the whole chat, and where each answer stands in them."""
    whole = answers[-1].whole
    cuts = [at for answer in answers for at in (len(answer.prompt), len(answer.whole))]
    ids, *before = token_ids(tokenizer, [whole, *(whole[:at] for at in cuts)])
    if any(ids[: len(part)] != part for part in before):
        # a token across a boundary would supervise a part of what is not learnt
        pieces = token_ids(tokenizer, [whole[a:b] for a, b in pairwise([0, *cuts])])
        ids = [token for piece in pieces for token in piece]
        before = [ids[: sum(map(len, pieces[: n + 1]))] for n in range(len(pieces))]
    ends = [len(part) for part in before]
    return ids, list(zip(ends[::2], ends[1::2], strict=True))


def _bytes(with_: _Encoder, chat: ChatFormat, ids: list[int], span: Span, text: str) -> int:
    """The bytes of an answer that its tokens within `max_length` cover."""
    start, end = span
    if end <= with_.max_length:
        return len(text.encode())
    supervised, keep = ids[start:end], with_.max_length - start
    return covered_bytes(with_.tokenizer, supervised, keep, text, chat.end_of_turn)


def _ending(row: Row, answer: _Answer, mark: str) -> Row:
    """The row as far as this answer, which is its reference."""
    question = transcript(answer.turns[:-1])
    said = answer.turns[-1].content
    return row._replace(id=row.id + mark, question=question, answer=said)
