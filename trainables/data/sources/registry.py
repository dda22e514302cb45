"""The registry of data sources: add one by adding its file and one line here."""

import re
from pathlib import Path

from trainables.data.config import DataConfig
from trainables.data.formats import reading
from trainables.data.sources import files, hpo, hub, toy
from trainables.data.sources.signatures import refuse_another
from trainables.data.sources.source import Source
from trainables.errors import InputError

SOURCES: dict[str, Source] = {
    "hpo": Source(hpo.fingerprint, hpo.read),
    "toy": Source(toy.fingerprint, toy.read),
    "file": Source(files.fingerprint, files.read),
    "hub": Source(hub.fingerprint, hub.read),
    "format": Source(reading.fingerprint_of, reading.read_rows),
}
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
FIX = (
    "Write hpo:definitions, toy:drugs, a file ending in "
    f"{', '.join(files.READERS)}, or a hub data set (org/name); for a folder name data.format."
)

TEXT = "Write data.format: text to learn whole texts; else write rows into a table or JSON lines."


def source_kind(config: DataConfig) -> str:
    """The key in SOURCES for `config.source`, told from its form; raises InputError."""
    if config.format is not None:
        return "format"
    prefix = config.source.partition(":")[0]
    if prefix in ("hpo", "toy"):
        return prefix
    if Path(config.source).suffix.lower() in files.READERS:
        return "file"
    # checked first: load_dataset would prefer a folder of that name to the hub's data set
    if (path := Path(config.source)).exists():
        if path.is_file():
            with path.open("rb") as opened:
                refuse_another(path, opened.read(64))
        fix = TEXT if path.suffix.lower() in (".txt", ".md") else FIX
        raise InputError("data.source", config.source, "not a file of a known kind", fix)
    if HUB_NAME.fullmatch(config.source):
        return "hub"
    raise InputError("data.source", config.source, "no such source", FIX)


def source_of(config: DataConfig) -> Source:
    """The source that reads `config.source`; raises InputError."""
    return SOURCES[source_kind(config)]
