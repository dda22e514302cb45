"""The text of a file: UTF-8, UTF-16 with its mark, or Windows-1252, which Excel still writes.

A file that is no UTF-8 is read as Windows-1252 only where all speaks for it: each byte above 127
stands for a character of it, none belongs to a character of UTF-8 (else the file is mixed, or cut
off), and they are few and far between, as in Western languages; in Cyrillic, Greek or East Asian
encodings whole words are of such bytes. What was found is said (`how_encoded`), since no file
names its encoding: Polish or Turkish text in a code page of its own can look the same.
"""

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from trainables.data.sources.signatures import refuse_another
from trainables.errors import InputError

FIELD = "data.source"
MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
HIGH = re.compile(rb"[\x80-\xff]")
WORD_OF_HIGH = re.compile(rb"[\x80-\xff]{4}")
LETTER = re.compile(rb"[A-Za-z\x80-\xff]")
LOOKED_AT = 400  # bytes, for UTF-16 without a mark
MOST_HIGH = 0.2  # of the letters; in French and German texts it is under 0.08


class Text(NamedTuple):
    """A file's text without its byte-order mark, and how it was written: "" for UTF-8."""

    text: str
    encoding: str = ""


def text_of(path: Path) -> str:
    """A file's text; raises InputError where it is of no known encoding."""
    return read_text(path).text


def same_breaks(text: str) -> str:
    """Lines of JSON, each ended by one line feed: inside a JSON text no bare break of any kind is
    allowed, so that Windows' and old Mac's end rows too, also mixed in one file."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def how_encoded(path: Path) -> str:
    """What is said of a file that is not UTF-8; "" of others."""
    found = read_text(path).encoding
    return f"read as {found}" if found else ""


def read_text(path: Path) -> Text:
    """A file's text and its encoding; raises InputError where it is none that is known."""
    content = path.read_bytes()
    refuse_another(path, content)
    if (wide := _wide(path, content)) is not None:
        return wide
    try:
        return Text(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        western = _western(content)
        if western is not None:
            return Text(western, "Windows-1252")
        # a byte-order mark is cut off before decoding, which shifts the codec's positions
        at = error.start + len(content) - len(error.object)
        line = content[:at].count(b"\n") + 1
        message = f"not UTF-8 at byte {at} (line {line}): {content[at : at + 1]!r}"
        raise InputError(FIELD, path.name, message, _as_utf8(path, content)) from None


def _wide(path: Path, content: bytes) -> Text | None:
    """UTF-32 and UTF-16 by their marks, UTF-16 without one where every other byte is 0."""
    names = {
        "utf-32": content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
        "utf-16": content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
        "utf-16-le": _zeros(content[1:LOOKED_AT:2]) and not _zeros(content[:LOOKED_AT:2]),
        "utf-16-be": _zeros(content[:LOOKED_AT:2]) and not _zeros(content[1:LOOKED_AT:2]),
    }
    name = next((name for name, speaks in names.items() if speaks), None)
    if name is None:
        return None
    shown = name.upper()[:6]
    try:
        return Text(content.decode(name), shown)
    except UnicodeDecodeError as error:
        message = f"not {shown} at byte {error.start}: {content[error.start : error.end]!r}"
        fix = "It seems to be cut off or damaged: fetch it again, or save it as UTF-8."
        raise InputError(FIELD, path.name, message, fix) from None


def _zeros(content: bytes) -> bool:
    """Whether nearly all of some bytes are 0, as one half of Western text in UTF-16 is."""
    return len(content) > 8 and content.count(0) > 0.8 * len(content)


def _western(content: bytes) -> str | None:
    """The text in Windows-1252, where all speaks for that."""
    high = len(HIGH.findall(content))
    if b"\0" in content or content.startswith(codecs.BOM_UTF8):
        return None
    if MULTIBYTE.search(content) or WORD_OF_HIGH.search(content):
        return None
    cut_off = content[-1] >= 0xC2
    if cut_off or high > MOST_HIGH * len(LETTER.findall(content)):
        return None
    try:
        return content.decode("cp1252")
    except UnicodeDecodeError:  # five bytes stand for nothing
        return None


def _as_utf8(path: Path, content: bytes) -> str:
    """How to save the file, with what it seems to be."""
    if b"\0" in content[:200]:
        return "Save the file as UTF-8. It seems to be UTF-16 without its mark, or no text at all."
    command = f"iconv -f CP1252 -t UTF-8 {path.name} > utf8-{path.name}"
    mixed = (
        "correct that byte where the rest is UTF-8 already; or "
        if MULTIBYTE.search(content)
        else ""
    )
    return f"Save the file as UTF-8: {mixed}if it is Windows-1252 now: {command}"
