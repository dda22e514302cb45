"""Filters of rows from any source: pure functions from rows to kept rows and counts by reason."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence

from trainables.data import turns
from trainables.data.config import CleaningConfig
from trainables.data.rows import Row

BARE_BOOLEANS = frozenset({"yes", "no", "true", "false"})
ASK = "ask"  # of a chat that is judged as other rows are
REASONS = ("short_question", "short_answer", "bare_boolean")
# NUL, C0/C1 controls and DEL go; tab, newline and their like are white space and become a space
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


LINE_END = re.compile(r"\r\n?|[\x0b\x0c\x85]")
SEPARATOR = re.compile(r"[\x1c-\x1f]")  # control characters that stand between words
BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


def faithful(text: str) -> str:
    """The text as its file has it: line breaks (written `\\n`), indentation, spaces and Unicode.

    Only what no text means goes: control characters, lone surrogates, blank lines at the beginning
    and white space at the end.
    """
    lines = LINE_END.sub("\n", _without_surrogates(text))
    return trimmed(CONTROL.sub("", SEPARATOR.sub(" ", lines)))


def trimmed(text: str) -> str:
    """Without blank lines at the beginning and white space at the end. The first of several lines
    keeps its indentation, which says where it belongs; a lone line has none."""
    whole = BLANK_LINES.sub("", text.replace("\r\n", "\n")).rstrip()
    return whole if "\n" in whole else whole.strip()


def normalise(text: str) -> str:
    """Without control characters, each run of white space one space, none at the ends."""
    return " ".join(CONTROL.sub("", _without_surrogates(text)).split())


def normalise_lines(text: str) -> str:
    """The same line by line: a prompt's line breaks stay."""
    return "\n".join(map(normalise, text.split("\n"))).strip()


def clean(rows: Sequence[Row], config: CleaningConfig) -> tuple[list[Row], dict[str, int]]:
    """The normalised rows that no filter drops, in order, and how many each filter dropped."""
    dropped = dict.fromkeys(REASONS, 0)
    kept = []
    for tidy, reason in judged(rows, config):
        if reason:
            dropped[reason] += 1
        else:
            kept.append(tidy)
    return kept, dropped


def judged(rows: Sequence[Row], config: CleaningConfig) -> Iterator[tuple[Row, str | None]]:
    """Each row normalised, and why it is dropped, or None."""
    for row in rows:
        collapsed = normalise_lines if row.lines else normalise
        tidy = _tidy(row, collapsed if config.collapse_spaces else faithful)
        yield tidy, drop_reason(tidy, config)


def _tidy(row: Row, tidied: Callable[[str], str]) -> Row:
    row = row._replace(system=tidied(row.system))
    if not row.turns:
        return row._replace(question=tidied(row.question), answer=tidied(row.answer))
    chat = turns.tidied(turns.read(row.turns), tidied)
    return row._replace(question=chat.question, answer=chat.answer, turns=turns.written(chat))


def drop_reason(row: Row, config: CleaningConfig) -> str | None:
    """Why a normalised row is dropped (the first of REASONS that applies), or None.

    A bare boolean is counted as one even where it is too short as well. An empty answer is always
    dropped, and an empty question but for plain text. To a closed question a letter or a yes is a
    whole answer. Of a chat no turn may be empty; where it has several answers, short ones stay.
    """
    if row.turns and (reason := _dropped_chat(row, config)) != ASK:
        return reason
    if row.kind != "text" and said(row.question) < max(1, config.min_question_chars):
        return "short_question"
    if row.kind == "open" and config.drop_bare_boolean and is_bare_boolean(row.answer):
        return "bare_boolean"
    if said(row.answer) < max(1, config.min_answer_chars if row.kind == "open" else 1):
        return "short_answer"
    return None


def _dropped_chat(row: Row, config: CleaningConfig) -> str | None:
    """The same of a chat; ASK where it is one question and one answer."""
    found = turns.read(row.turns).turns
    if not found or turns.silent(found, turns.USER):
        return "short_question"
    if turns.silent(found, turns.ASSISTANT):
        return "short_answer"
    return ASK if len(found) <= 2 else None


def said(text: str) -> int:
    """Characters of a text, each run of white space one."""
    return len(" ".join(text.split()))


def is_bare_boolean(answer: str) -> bool:
    """Whether the answer is only yes, no, true or false, in any case, with any punctuation."""
    return answer.casefold().strip(" .,;:!?\"'()[]*") in BARE_BOOLEANS


def _without_surrogates(text: str) -> str:
    """JSON can carry lone surrogates, which no UTF-8 file and no tokenizer takes."""
    if text.isascii() or not any(unicodedata.category(char) == "Cs" for char in text):
        return text
    return "".join(char for char in text if unicodedata.category(char) != "Cs")
