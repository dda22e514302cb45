"""Preference data as chats, whose cells `pairs.turns` reads.

What a chat may hold, `sources.chats` decides. The turns before the answers become turns of the
prompt, which the model's own template renders; a system turn is the pair's own system prompt.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from trainables.data.cleaning import trimmed
from trainables.data.pairs.turns import Turns, is_turns, said
from trainables.data.sources.chats import COLUMNS, ROLES, SYSTEM, chat_of
from trainables.data.sources.columns import TableRecord
from trainables.data.turns import (
    ASSISTANT,
    USER,
    Chat,
    tidied,
    transcript,
    written,
)

PROBE = "Probe of an answer"


class Asked(NamedTuple):
    """A prompt: as one text, and where it is a chat its system prompt and turns (`written`)."""

    question: str
    system: str = ""
    turns: str = ""


def asked(record: TableRecord, turns: Turns) -> Asked | None:
    """The prompt that these turns make; None where a user's is not the last. Raises InputError."""
    if not turns:
        return Asked("")
    if role_of(turns[-1]) == ASSISTANT:
        return None
    system, chat = _read(record.cells, record, [*turns, {"role": ASSISTANT, "content": PROBE}])
    before = tidied(Chat(chat.turns[:-1], chat.remarks), trimmed)
    quiet = tuple(t._replace(learn=t.role == USER) for t in before.turns)
    remarks = tuple(remark for remark in before.remarks if remark != "unlearnt")
    several = len(quiet) > 1 or bool(remarks)
    kept = written(Chat(quiet, remarks)) if several else ""
    return Asked(transcript(quiet), trimmed(system), kept)


def answer_of(record: TableRecord, turns: Turns) -> str | None:
    """The text of one assistant turn; None where there are other turns. Raises InputError."""
    if len(turns) != 1 or role_of(turns[0]) != ASSISTANT:
        return None
    _, chat = _read({}, record, [{"role": USER, "content": PROBE}, *turns])
    return trimmed(chat.answer)


def prompt_beside(record: TableRecord, chosen: object, rejected: object) -> Turns | None:
    """ShareGPT's preferences: a column of turns up to a user's, and beside it two answers alone."""
    for turns in (chosen, rejected):
        if is_turns(turns) and (len(turns) != 1 or role_of(turns[0]) != ASSISTANT):
            return None
    found = (said(record, name, record.cells.get(name)) for name in COLUMNS)
    return next((v for v in found if is_turns(v) and role_of(v[-1]) == USER), None)


def columns_beside(record: TableRecord) -> set[str]:
    """The columns that hold such a prompt, and its system prompt."""
    held = {name for name in COLUMNS if is_turns(said(record, name, record.cells.get(name)))}
    return {*held, SYSTEM} if held else set()


def role_of(turn: Mapping[str, Any]) -> str:
    """The role in our words; "" of an unknown one."""
    named = turn.get("role") or turn.get("from")
    return ROLES.get(str(named).strip().casefold(), "")


def _read(cells: Mapping[str, object], record: TableRecord, turns: Turns) -> tuple[str, Chat]:
    """As `chat_of`, of these turns in a column of the record."""
    column = "turns"
    return chat_of(record._replace(cells={**cells, column: list(turns)}), column)
