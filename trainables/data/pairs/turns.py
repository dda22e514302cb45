"""What a cell of preference data says: text, or the turns of a conversation as role and content."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from trainables.data.sources.chats import ROLES, content_of, refuse_calls
from trainables.data.sources.table import TableRecord

Turn = dict[str, str]
Turns = Sequence[Mapping[str, Any]]
KEYS = ({"role", "content"}, {"from", "value"})  # OpenAI's and TRL's, ShareGPT's


def said(record: TableRecord, column: str, value: object) -> object:
    """The cell with its turns in one form; what is no conversation as it is. A conversation may be
    written as JSON, as in a CSV file, and one turn without a list around it (LLaMA-Factory)."""
    if isinstance(value, str):
        written = _parsed(value)
        return value if written is None else said(record, column, written)
    if isinstance(value, Mapping):
        value = [value]
    if not is_turns(value):
        return value
    return [_turn(record, column, number, turn) for number, turn in enumerate(value, start=1)]


def is_turns(value: object) -> TypeGuard[Turns]:
    """Whether this is a conversation."""
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and bool(value)
        and all(isinstance(t, Mapping) and any(keys <= set(t) for keys in KEYS) for t in value)
    )


def _turn(record: TableRecord, column: str, number: int, turn: Mapping[str, Any]) -> Turn:
    refuse_calls(record, column, number, turn)
    role = str(turn["role"]) if "role" in turn else str(turn["from"])
    known = role if "role" in turn else ROLES.get(role.casefold(), role)
    return {"role": known, "content": content_of(record, column, number, turn)}


def _parsed(text: str) -> object:
    """The conversation that a text is in JSON, or None."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    whole = [found] if isinstance(found, Mapping) else found
    return found if is_turns(whole) else None
