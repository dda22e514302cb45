"""Chats in a column: OpenAI's and TRL's `messages` (role, content), ShareGPT's `conversations`
(from, value); with several turns and a system turn.

What a chat may hold is decided here. Several turns of one role in a row are one (joined by a blank
line); what stands before the first question, or behind the last answer, is left out; both are
counted (`noticed`). A turn that says nothing leaves the row to cleaning, which drops it. Content in
parts is joined where all parts are text. OpenAI's `weight: 0` and Axolotl's `train: false` are not
learnt. Refused, with the row: tools, other kinds of content, unknown roles, a system turn elsewhere
than at the beginning.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trainables.data.cleaning import faithful
from trainables.data.config import FieldMapping
from trainables.data.rows import Row
from trainables.data.sources.source import own_group
from trainables.data.sources.table import TableRecord, cell, group_of
from trainables.data.turns import ASSISTANT, USER, Chat, Turn, thought_aloud, written
from trainables.errors import InputError

COLUMNS = ("messages", "conversations", "conversation")
SYSTEM = "system"
ROLES = {
    **dict.fromkeys(("system", "developer"), SYSTEM),
    **dict.fromkeys(("user", "human", "prompter"), USER),
    **dict.fromkeys(("assistant", "gpt", "model", "bot", "chatgpt"), ASSISTANT),
}
TOOLS = frozenset({"tool", "function", "observation", "function_call", "ipython", "tool_call"})
CALLS = ("tool_calls", "function_call", "tool_call_id")
THOUGHTS = ("reasoning_content", "thinking", "reasoning")
NO_TOOLS = "Leave such rows out: chats with tools are not read, since the calls, their results and "
NO_TOOLS += "the tools' descriptions would be missing from what the model sees."
WRITE = 'Write [{"role": "user", "content": …}, {"role": "assistant", "content": …}].'


class ReadChat(NamedTuple):
    """A chat and what its own system turn says; "" where it has none."""

    system: str
    chat: Chat


def chat_column(record: TableRecord, fields: FieldMapping) -> str | None:
    """The column that holds chats: the one that `data.fields` names, or a known one in a record
    without columns for question and answer. None where the record is no chat."""
    if fields.messages is not None:
        return fields.messages
    named = fields.question, fields.answer
    default = FieldMapping()
    others = named != (default.question, default.answer) or fields.reasoning is not None
    if others or set(named) <= record.cells.keys():
        return None
    return next((name for name in COLUMNS if name in record.cells), None)


def chat_row(record: TableRecord, column: str, fields: FieldMapping) -> Row:
    """The record's chat as a row; raises InputError."""
    system, chat = chat_of(record, column, fields.system)
    opening = chat.turns[0].content if chat.turns else ""
    group = group_of(record, fields.group) or own_group(opening)
    row = Row(record.id, group, chat.question, chat.answer)
    return row._replace(system=system, turns=written(chat))


def is_parted(record: TableRecord, fields: FieldMapping) -> bool:
    """Whether question and answer are lists of turns, as TRL's prompt and completion are."""
    cells = [record.cells.get(name) for name in (fields.question, fields.answer)]
    return all(isinstance(v, list) and v and isinstance(v[0], Mapping) for v in cells)


def parted_row(record: TableRecord, fields: FieldMapping) -> Row:
    """The chat of both; the answers in the question are read, and not learnt."""
    asked, answers = (list(record.cells[n]) for n in (fields.question, fields.answer))  # type: ignore[call-overload]
    quiet = [{**turn, "weight": 0} if _is_answer(turn) else turn for turn in asked]
    whole = {fields.question: [*quiet, *answers]}
    rest = {n: v for n, v in record.cells.items() if n not in (fields.question, fields.answer)}
    joined = record._replace(cells={**rest, **whole})
    return chat_row(joined, fields.question, fields)


def _is_answer(turn: object) -> bool:
    named = turn.get("role") or turn.get("from") if isinstance(turn, Mapping) else None
    return ROLES.get(str(named).strip().casefold()) == ASSISTANT


def chat_of(record: TableRecord, column: str, system_column: str | None = None) -> ReadChat:
    """The chat in a column of the record; raises InputError with the row and the turn."""
    messages = _messages(record, column)
    _refuse_tools(record, "tools")
    system = _system_column(record, system_column)
    if messages and _role(record, column, 1, messages[0]) == SYSTEM:
        own = content_of(record, column, 1, messages[0])
        if system not in ("", own):
            message = f"{record.where}: the system turn and the column say different things"
            raise _wrong(column, message, "Keep one of the two.")
        system, messages = own, messages[1:]
        first = 2
    else:
        first = 1
    turns = [_turn(record, column, n, m) for n, m in enumerate(messages, start=first)]
    return ReadChat(faithful(system), _alternating(turns))


def _messages(record: TableRecord, column: str) -> list[Mapping[str, Any]]:
    value = cell(record, "messages", column)
    if value is None or value != value:  # null, NaN: an empty chat, which cleaning drops
        return []
    if isinstance(value, str):
        value = _parsed(record, column, value)
    if isinstance(value, Mapping):
        value = _by_row(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        found = [message for message in value if isinstance(message, Mapping)]
        if len(found) == len(value):
            return found
    raise _wrong(column, f"{record.where}, column {column!r}: not a list of turns", WRITE)


def _by_row(columns: Mapping[str, Any]) -> object:
    """Turns that a hub data set holds as lists of roles and of contents; else what was given."""
    lists = {k: v for k, v in columns.items() if isinstance(v, Sequence) and not isinstance(v, str)}
    if not lists or len({len(values) for values in lists.values()}) > 1:
        return columns
    return [dict(zip(lists, values, strict=True)) for values in zip(*lists.values(), strict=True)]


def _parsed(record: TableRecord, column: str, text: str) -> object:
    """A cell of CSV holds the list as JSON."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"{record.where}, column {column!r}: text that is no JSON list of turns ({error})"
        raise _wrong(column, message, WRITE) from None
    return found


def _turn(record: TableRecord, column: str, number: int, message: Mapping[str, Any]) -> Turn:
    role = _role(record, column, number, message)
    if role == SYSTEM:
        text = f"{_place(record, column, number)}: a system turn after others"
        raise _wrong(column, text, "A chat has one, at its beginning: move or remove it.")
    content = faithful(content_of(record, column, number, message))
    thought = next((message[k] for k in THOUGHTS if isinstance(message.get(k), str)), "")
    if role == ASSISTANT and content.strip():
        content = thought_aloud(faithful(thought), content)
    learn = message.get("weight") != 0 and message.get("train") is not False
    return Turn(role, content, learn or role == USER)


def _role(record: TableRecord, column: str, number: int, message: Mapping[str, Any]) -> str:
    named = message.get("role") or message.get("from")
    said = str(named).strip().casefold()
    place = _place(record, column, number)
    call = next((key for key in CALLS if message.get(key)), None)
    if said in TOOLS or call:
        what = f"the role {named!r}" if said in TOOLS else f"the key {call!r}"
        raise _wrong(column, f"{place}: {what} is of tools", NO_TOOLS)
    if said not in ROLES:
        known = "neither role nor from" if named is None else f"the unknown role {named!r}"
        raise _wrong(column, f"{place} has {known}", f"Write one of {', '.join(ROLES)}.")
    return ROLES[said]


def content_of(record: TableRecord, column: str, number: int, message: Mapping[str, Any]) -> str:
    """The text of a turn, parts of text joined; raises InputError with the row and the turn."""
    if not message.keys() & {"content", "value"}:
        has = ", ".join(repr(str(key)[:40]) for key in list(message)[:12])
        what = f"{_place(record, column, number)} has neither content nor value; it has {has}"
        raise _wrong(column, what, WRITE)
    value = next((message[k] for k in ("content", "value") if message.get(k) is not None), None)
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return value
    place = _place(record, column, number)
    if not isinstance(value, Sequence):
        what = f"{place}: content is not text but {type(value).__name__}"
        raise _wrong(column, what, WRITE)
    parts = [
        part if isinstance(part, Mapping) else {"type": "text", "text": part} for part in value
    ]
    others = [part for part in parts if not isinstance(part.get("text"), str)]
    if others:
        kind = others[0].get("type", type(value).__name__)
        fix = "Leave such rows out: only text is read."
        raise _wrong(column, f"{place}: a part of the content is of type {kind!r}", fix)
    return "".join(part["text"] for part in parts)


def refuse_calls(record: TableRecord, column: str, number: int, message: Mapping[str, Any]) -> None:
    """InputError where a turn calls tools."""
    if call := next((key for key in CALLS if message.get(key)), None):
        place = _place(record, column, number)
        raise _wrong(column, f"{place}: the key {call!r} is of tools", NO_TOOLS)


def _system_column(record: TableRecord, named: str | None) -> str:
    """What a column beside the chat says: the one named, or `system`, as LLaMA-Factory has it."""
    value = cell(record, "system", named) if named else record.cells.get(SYSTEM)
    return value if isinstance(value, str) else ""


def _refuse_tools(record: TableRecord, column: str) -> None:
    value = record.cells.get(column)
    if value and value == value and value not in ("[]", "null"):
        raise _wrong(column, f"{record.where}, column {column!r} describes tools", NO_TOOLS)


def _alternating(turns: Sequence[Turn]) -> Chat:
    """From a question to an answer, user and assistant in turn."""
    remarks: list[str] = []
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            remarks.append("joined_turns")
            both = filter(None, (joined[-1].content, turn.content))
            learn = joined[-1].learn and turn.learn
            joined[-1] = Turn(turn.role, "\n\n".join(both), learn)
        else:
            joined.append(turn)
    if joined and joined[0].role == ASSISTANT:
        remarks.append("opening_answer")
        joined = joined[1:]
    if joined and joined[-1].role == USER:
        remarks.append("open_end")
        joined = joined[:-1]
    if any(not turn.learn for turn in joined):
        remarks.append("unlearnt")
    return Chat(tuple(joined), tuple(dict.fromkeys(remarks)))


def _place(record: TableRecord, column: str, number: int) -> str:
    return f"{record.where}, column {column!r}, turn {number}"


def _wrong(column: str, message: str, fix: str) -> InputError:
    return InputError("data.source", column, message, fix)
