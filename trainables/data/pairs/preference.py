"""Preference data in a file or a hub data set, in TRL's formats.

- Explicit prompt: columns `prompt`, `chosen`, `rejected`; text, or lists of chat messages.
- Implicit prompt: `chosen` and `rejected` both begin with the prompt. Of messages it is the turns
  that they share. Of text it is the shared beginning up to the last "Assistant:" in it, else up to
  the end of its last whole word (TRL cuts at the character where the two part; a reward model sees
  the same text either way).
  Where other columns hold text, one of them may be the prompt: none is guessed, the record is
  refused until `fields.prompt` names it (or is null: the shared beginning).
- A text `prompt` beside conversations (UltraFeedback) is ignored for the turns that they share, as
  TRL does.

- ShareGPT's turns (from, value), and its preferences: a column `conversations` up to a user's turn,
  beside it one answer each in `chosen` and `rejected` (as LLaMA-Factory has them).

A prompt of several turns, or with a system turn, stays that (`conversations`): the model's template
renders it. Records whose answers are not one assistant turn each, or whose prompt does not end with
a user's turn, are dropped and counted.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from trainables.data.cleaning import trimmed
from trainables.data.formats.reading import local
from trainables.data.pairs.config import PairFields, PairSourceConfig
from trainables.data.pairs.conversations import (
    Asked,
    answer_of,
    asked,
    columns_beside,
    prompt_beside,
    role_of,
)
from trainables.data.pairs.pair import PairReader, PreferencePair, SourcePairs, shared_start
from trainables.data.pairs.turns import is_turns, said
from trainables.data.sources import files, hub
from trainables.data.sources.columns import TableRecord, cell, group_of, unread
from trainables.data.sources.source import own_group
from trainables.data.turns import USER
from trainables.errors import InputError

ASSISTANT = re.compile(r"\s*(?:assistant|bot)\s*:\s*", re.IGNORECASE)
LAST_WORD = re.compile(r"\S*\Z")
# names that columns of prompts have, most likely first
PROMPTS = ("instruction", "question", "query", "input", "user", "problem", "text", "context")
Parted = tuple[Asked | None, str | None, str | None]  # prompt, better answer, worse answer


def fingerprint(config: PairSourceConfig, online: bool) -> str | None:
    """The file's SHA-256, or the hub's commit; and which columns are read."""
    data = config.as_data("train")
    found = (files if _is_file(config) else hub).fingerprint(data, online)
    columns = hashlib.sha256(config.fields.model_dump_json().encode()).hexdigest()[:8]
    return found and f"preference:{columns}:{found}"


def read(config: PairSourceConfig, fingerprint: str) -> SourcePairs:
    """All pairs of the file or split; raises InputError with the row where it cannot."""
    data, digest = config.as_data("train"), fingerprint.rpartition(":")[2]
    if _is_file(config):
        source, version = files.records(data), f"sha256 {digest}"
    else:
        source, version = hub.records(data, digest), f"commit {digest}"
    records, fields = list(source), config.fields
    made = [pair_of(record, fields) for record in records]
    if not made:
        raise InputError("data.source", config.source, "the data set is empty", "Give more rows.")
    found = [pair for pair in made if isinstance(pair, PreferencePair)]
    dropped = Counter(reason for reason in made if isinstance(reason, str))
    licence = None if _is_file(config) else hub.licence(data, digest)
    told = unread(records, {*used(fields), *_beside(records[0], fields)})
    return SourcePairs(found, version, None, licence, dict(dropped), told)


def used(fields: PairFields) -> set[str | None]:
    """The columns that pairs are made of."""
    return {fields.prompt, fields.chosen, fields.rejected, fields.group}


def _beside(record: TableRecord, fields: PairFields) -> set[str]:
    """Columns that are read besides: those of a conversation where it is the prompt."""
    sides = (_side(record, fields, name) for name in ("chosen", "rejected"))
    absent = fields.prompt is not None and fields.prompt not in record.cells
    return columns_beside(record) if absent and prompt_beside(record, *sides) else set()


def pair_of(record: TableRecord, fields: PairFields) -> PreferencePair | str:
    """The record's pair, or why there is none. Raises InputError where columns do not fit."""
    chosen, rejected = (_side(record, fields, name) for name in ("chosen", "rejected"))
    prompt: Any = None
    if fields.prompt is not None:
        prompt = said(record, fields.prompt, record.cells.get(fields.prompt))
    if fields.prompt is not None and fields.prompt != PairFields().prompt:
        cell(record, "prompt", fields.prompt)  # named, so it must be there
    if not (chosen and rejected):
        return "empty"
    if fields.prompt is not None and fields.prompt not in record.cells:
        prompt = prompt_beside(record, chosen, rejected)
        if prompt is None:
            _refuse_guess(record, fields, chosen, rejected)
    if isinstance(chosen, str) != isinstance(rejected, str):
        message = f"{record.where}: one answer is text, the other a conversation"
        raise InputError("data.fields", record.id, message, "Write both in the same way.")
    if isinstance(chosen, str) and isinstance(rejected, str):
        prompt, better, worse = _of_text(record, prompt, chosen, rejected)
    else:
        prompt, better, worse = _of_turns(record, prompt, list(chosen), list(rejected))
    if prompt is None or better is None or worse is None:
        return "not_one_answer"
    group = group_of(record, fields.group) or own_group(prompt.question)
    pair = PreferencePair(record.id, group, prompt.question, better, worse)
    return pair._replace(system=prompt.system, turns=prompt.turns)


def _refuse_guess(record: TableRecord, fields: PairFields, chosen: Any, rejected: Any) -> None:
    """InputError where the prompt would be guessed beside columns that may hold it."""
    if not isinstance(chosen, str) and any(
        one == other and role_of(one) == USER
        for one, other in zip(chosen, rejected, strict=False)
        if isinstance(one, Mapping)
    ):
        return  # the conversations hold it
    used = {fields.chosen, fields.rejected, fields.group}
    cells = ((name, value) for name, value in record.cells.items() if name not in used)
    others = [name for name, value in cells if isinstance(value, str) or is_turns(value)]
    if not others:
        return
    likely = next((name for name in PROMPTS if name in others), others[0])
    named = ", ".join(map(repr, others[:12]))
    message = f"{record.where} has no such column; the prompt may be in {named}"
    fix = (
        f"Write data.fields: {{prompt: {likely}}}; or {{prompt: null}} where it is what both "
        "answers begin with."
    )
    raise InputError("data.fields.prompt", fields.prompt, message, fix)


def _side(record: TableRecord, fields: PairFields, name: str) -> Any:
    column = getattr(fields, name)
    value = said(record, column, cell(record, name, column))
    if isinstance(value, str) or is_turns(value):
        return value
    if value is None or value != value:  # null, NaN: dropped as empty, and counted
        return ""
    message = f"{record.where}, column {column!r}: neither text nor chat messages"
    fix = 'Write text, or [{"role": "assistant", "content": …}].'
    if isinstance(value, list) and value and all(isinstance(a, str) for a in value):
        fix = "Write a row for each of these answers: a pair has one better and one worse answer."
    raise InputError(f"data.fields.{name}", str(value)[:60], message, fix)


def _of_text(record: TableRecord, prompt: Any, chosen: str, rejected: str) -> Parted:
    if isinstance(prompt, str):
        return Asked(trimmed(prompt)), trimmed(chosen), trimmed(rejected)
    if is_turns(prompt):
        return asked(record, prompt), trimmed(chosen), trimmed(rejected)
    shared = shared_start(chosen, rejected)
    ends = [match.end() for match in ASSISTANT.finditer(shared)]
    at = ends[-1] if ends else len(LAST_WORD.sub("", shared))
    return Asked(trimmed(shared[:at])), trimmed(chosen[at:]), trimmed(rejected[at:])


def _of_turns(record: TableRecord, prompt: Any, chosen: list[Any], rejected: list[Any]) -> Parted:
    if is_turns(prompt):
        before = list(prompt)
        if chosen[: len(before)] == rejected[: len(before)] == before:  # written in all three
            chosen, rejected = chosen[len(before) :], rejected[len(before) :]
        return asked(record, before), answer_of(record, chosen), answer_of(record, rejected)
    pairs = zip(chosen, rejected, strict=False)
    at = next((n for n, (one, other) in enumerate(pairs) if one != other), 0)
    shared = chosen[:at]
    better, worse = answer_of(record, chosen[at:]), answer_of(record, rejected[at:])
    if not shared and isinstance(prompt, str):  # the answers alone
        return Asked(trimmed(prompt)), better, worse
    return asked(record, shared), better, worse


def _is_file(config: PairSourceConfig) -> bool:
    return local(config.source) is not None


READER = PairReader(fingerprint, read)
