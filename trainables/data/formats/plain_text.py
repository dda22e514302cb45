"""Plain text to go on training a language model with: every token of it is learnt.

Read are .txt files (a document each) and tables with a column `text`. A document is cut at the
ends of lines or sentences into pieces of at most PIECE_WORDS words; pieces of a row with an `id`
stay on one side of a split, those of others in stretches of STRETCH.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainables.data.cleaning import trimmed
from trainables.data.formats.cells import label, layout_of, text
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.formats.tables import table_records
from trainables.data.items import Item
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.encodings import text_of

NAME = "text"
LAYOUTS = {"a text a row": ("text",)}
PIECE_WORDS = 250  # about 350 tokens: below the usual max_length of 512
STRETCH = 10  # pieces in a row that stay together where one document is all there is
BOUNDARY = re.compile(r"(?<=[.!?])\s+|\s*\n\s*")
TEXT = "text"  # an item's kind: no question, all tokens supervised


def records(path: Path) -> Iterator[TableRecord]:
    """A .txt file is one record, other files are tables."""
    if path.suffix.lower() != ".txt":
        return table_records(path)
    return iter([TableRecord(path.stem, path.name, {"text": text_of(path)})])


def read(found: Iterable[TableRecord], ask: ReadRequest) -> Iterator[Item]:
    """An item a piece."""
    for record in found:
        layout_of(record, NAME, LAYOUTS)
        document = label(record, "id", NAME) or record.id
        for number, item in enumerate(text_items(document, document, text(record, "text", NAME))):
            stretch = f"{document}:{number // STRETCH}"
            yield item._replace(group=stretch) if "id" not in record.cells else item


def text_items(identity: str, group: str, document: str) -> Iterator[Item]:
    """The pieces of a document."""
    for number, piece in enumerate(pieces(document)):
        yield Item(f"{identity}-{number}", group, "", piece, kind=TEXT)


def pieces(document: str, words: int = PIECE_WORDS) -> Iterator[str]:
    """Parts of at most `words` words, cut after a sentence or line where there is one; line breaks
    and indentation inside a part stay as they are."""
    begin, held = 0, 0
    for start, end in _sentences(document):
        said = len(document[start:end].split())
        if held and held + said > words:
            yield trimmed(document[begin:start])
            begin, held = start, 0
        held += said
        while held > words:
            cut = begin + _length_of(document[begin:], words)
            yield trimmed(document[begin:cut])
            begin, held = cut, held - words
    if held:
        yield trimmed(document[begin:])


def _sentences(document: str) -> Iterator[tuple[int, int]]:
    """Where sentences and lines begin and end; a line begins with its indentation."""
    start = 0
    for boundary in BOUNDARY.finditer(document):
        breaks = boundary[0].rfind("\n")
        at = boundary.end() if breaks < 0 else boundary.start() + breaks + 1
        if at > start:
            yield start, at
            start = at
    yield start, len(document)


def _length_of(text: str, words: int) -> int:
    """The characters of the text's first words."""
    *_, last = itertools.islice(re.finditer(r"\S+", text), words)
    return last.end()


FORMAT = Format(
    read,
    instruction="plain",
    citation="",
    licence="",
    splits={"train": ("*.txt", "*.jsonl", "*.parquet")},
    records=records,
)
