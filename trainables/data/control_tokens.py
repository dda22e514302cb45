"""Text that looks like a control token (`<|im_end|>`, `</s>`) stays text.

A tokenizer finds its special tokens anywhere, in the words of a data set too: a row that holds
`<|im_end|>` would end its own turn. So such words of a question, an answer or a system prompt are
hidden behind a stand-in before the chat template is rendered (`hidden`); every special token that
the rendered text then holds is the template's own, and what was hidden is tokenised as the letters
that it is (`token_ids`). Texts without such words get the tokenizer's ordinary tokens.

Only tokens that the tokenizer calls special are meant: `<think>`, which models write themselves,
is an ordinary word of a vocabulary.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# noncharacters of Unicode, which no template changes, around the mark's number; where a text holds
# the first of them itself, that has a stand-in too: the number after the last mark's
OPENING, CLOSING = "\ufdd0", "\ufdd1"
STAND_IN = re.compile(f"{OPENING}([0-9]+){CLOSING}")
Marks = tuple[str, ...]


def control_marks(tokenizer: "PreTrainedTokenizerBase") -> Marks:
    """The special tokens as they are written, longest first."""
    found = {str(t) for t in tokenizer.added_tokens_decoder.values() if t.special}
    found |= {str(token) for token in tokenizer.all_special_tokens}
    return tuple(sorted(filter(None, found), key=lambda mark: (-len(mark), mark)))


def holds_mark(text: str, marks: Marks) -> bool:
    """Whether the text holds what looks like a control token."""
    return any(mark in text for mark in marks)


def hidden(text: str, marks: Marks) -> str:
    """The text with a stand-in for each mark in it; unchanged where there is none."""
    stood_for = (*marks, OPENING)
    if not holds_mark(text, stood_for):
        return text
    return _pattern(stood_for).sub(
        lambda found: f"{OPENING}{stood_for.index(found[0])}{CLOSING}", text
    )


def shown(text: str, marks: Marks) -> str:
    """The inverse of `hidden`."""
    stood_for = (*marks, OPENING)
    return STAND_IN.sub(lambda found: stood_for[int(found[1])], text)


def token_ids(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """The tokens of rendered texts; nothing is added, and what was hidden stays text."""
    if not texts:
        return []
    # templates write their own special tokens; `verbose` warns of rows that are truncated later
    rows = tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
    encoded = [list(ids) for ids in rows]
    places = [place for place, text in enumerate(texts) if STAND_IN.search(text)]
    marks = control_marks(tokenizer) if places else ()
    for place in places:
        encoded[place] = _guarded(tokenizer, texts[place], marks)
    return encoded


def text_ids(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    """The tokens of texts that stand alone, with what the tokenizer puts around them."""
    rows = [list(ids) for ids in tokenizer(list(texts), verbose=False)["input_ids"]]
    marks = control_marks(tokenizer)
    for place, text in enumerate(texts):
        if holds_mark(text, marks):
            rows[place] = _as_letters(tokenizer, text, marks, around=True)
    return rows


def _guarded(tokenizer: "PreTrainedTokenizerBase", text: str, marks: Marks) -> list[int]:
    """Cut at the template's own marks; between them all is text."""
    ids: list[int] = []
    for part in re.split(f"({_pattern(marks).pattern})", text):
        if part in marks:
            ids += tokenizer(part, add_special_tokens=False)["input_ids"]
        elif part:
            ids += _as_letters(tokenizer, shown(part, marks), marks, around=False)
    return ids


def _as_letters(
    tokenizer: "PreTrainedTokenizerBase", text: str, marks: Marks, around: bool
) -> list[int]:
    """The tokens of a text in which nothing is a control token, but for those `around` it."""
    ids = _split(tokenizer, text, around)
    added = _split(tokenizer, "", around)
    controls = set(tokenizer.convert_tokens_to_ids(list(marks)))
    if controls.isdisjoint(set(ids) - {*added, tokenizer.unk_token_id}):
        return ids
    # a vocabulary may hold a mark as a word too: written in two parts it is not that word
    pieces = re.split(
        "|".join(f"(?<={re.escape(m[:1])})(?={re.escape(m[1:])})" for m in marks), text
    )
    first = [token for token in added if token == tokenizer.bos_token_id]
    return first + [token for piece in pieces for token in _split(tokenizer, piece, False)]


def _split(tokenizer: "PreTrainedTokenizerBase", text: str, around: bool) -> list[int]:
    given = tokenizer(text, add_special_tokens=around, split_special_tokens=True, verbose=False)
    return list(given["input_ids"])


def _pattern(marks: Marks) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)))
