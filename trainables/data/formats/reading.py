"""Reading a published data set: `read_items`, and the same as rows for training."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from trainables.cache import file_sha256
from trainables.data.config import DataConfig, FormatName
from trainables.data.formats.files import companions, split_files
from trainables.data.formats.format import Format, ReadRequest
from trainables.data.formats.registry import FORMATS
from trainables.data.instructions.rows import rows_of_items
from trainables.data.items import Item
from trainables.data.sources import hpo, hub
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.encodings import how_encoded
from trainables.data.sources.files import sha256_of
from trainables.data.sources.source import SourceRows
from trainables.errors import InputError


class Items(NamedTuple):
    """The items of a split, and what must be said of where they come from."""

    items: list[Item]
    version: str
    citation: str | None
    licence: str | None
    instruction: str = "plain"  # the prompt format that fits, a key of INSTRUCTIONS
    how: tuple[str, ...] = ()  # how files are written, where that had to be found out


def read_items(
    source: str | None,
    format: FormatName | None,
    subset: str | None = None,
    split: str | None = None,
    revision: str | None = None,
    answer_index_base: Literal[0, 1] | None = None,
) -> Items:
    """All items of a split of a data set.

    `source` is a local file, a folder in the published layout, a hub name, or `hpo:PART` (which has
    no format); None: where the format is published on the hub. `format` is a key of FORMATS.
    `split` None: the one that results are published on. Raises InputError.
    """
    if source is not None and source.startswith("hpo:"):
        items, version = hpo.read_part(source)
        return Items(items, version, hpo.CITATION, hpo.LICENCE, hpo.instruction_of(source))
    found = format_named(format)
    config = DataConfig.model_construct(
        source=source or hub_source(format, found),
        format=format,
        subset=subset,
        hub_split=split or found.evaluation,
        revision=revision,
        answer_index_base=answer_index_base,
    )
    fingerprint = fingerprint_of(config, True)
    if fingerprint is None:
        raise InputError("data.source", source, "its version cannot be told")
    return _read(config, fingerprint)


def format_named(name: str | None) -> Format:
    """The format of that name; raises InputError."""
    if name in FORMATS:
        return FORMATS[name]
    raise InputError("data.format", name, "no such format", f"Write one of {', '.join(FORMATS)}.")


def hub_source(name: str | None, format: Format) -> str:
    """Where the format is published; raises InputError where it is not on the hub."""
    if format.hub is not None:
        return format.hub.source
    fix = "Give a local file or folder as data.source."
    raise InputError("data.source", None, f"{name} is not published on the hub", fix)


def read_rows(config: DataConfig, fingerprint: str) -> SourceRows:
    """The split as rows to train on, by the prompt format of the section; raises InputError."""
    found = _read(config, fingerprint)
    rows = rows_of_items(found.items, config, found.instruction)
    return SourceRows(rows, found.version, found.citation, found.licence, found.how)


def fingerprint_of(config: DataConfig, online: bool) -> str | None:
    """What identifies the content: the files' SHA-256, or the hub's commit; and how it is read."""
    format = format_named(config.format)
    how = f"{config.format}:{config.hub_split}:{config.answer_index_base}"
    if (place := local(config.source)) is None:
        commit = hub.fingerprint(_on_hub(config, format), online)
        return commit and f"format:{how}:{commit}"
    files = [*split_files(place, format, config.hub_split), *companions(place)]
    return f"format:{how}:files:{sha256_of([file_sha256(file) for file in files])}"


def local(source: str) -> Path | None:
    """The local file or folder that a source names; None for a name on the hub."""
    path = Path(source).expanduser()
    return path if path.exists() or source.startswith(("./", "../", "/", "~")) else None


def _read(config: DataConfig, fingerprint: str) -> Items:
    format, place = format_named(config.format), local(config.source)
    digest = fingerprint.rpartition(":")[2]
    how: tuple[str, ...] = ()
    if place is None:
        asked = _on_hub(config, format)
        records: Iterator[TableRecord] = hub.records(asked, digest)
        version, folder = f"commit {digest}", None
    else:
        files = split_files(place, format, config.hub_split)
        records = (record for file in files for record in format.records(file))
        how = tuple(dict.fromkeys(filter(None, map(_encoded, files))))
        said = "".join(f" ({what})" for what in how)
        version, folder = f"sha256 {digest}{said}", place if place.is_dir() else place.parent
    ask = ReadRequest(config.hub_split, config.answer_index_base, folder)
    items = [_marked(item, format, config.hub_split) for item in format.read(records, ask)]
    if not items:
        message = f"no rows of the split {config.hub_split!r} (format {config.format})"
        raise InputError("data.source", config.source, message, "Check data.hub_split.")
    return Items(
        list(_distinct(items)),
        version,
        format.citation or None,
        format.licence or None,
        format.instruction,
        how,
    )


def _encoded(file: Path) -> str:
    """What is said of a file of text that is not UTF-8."""
    return "" if file.suffix.lower() == ".parquet" else how_encoded(file)


def _distinct(items: list[Item]) -> Iterator[Item]:
    """Ids that a data set has twice (MedQuAD, LiveQA) get a number: "7", "7#2"."""
    seen: Counter[str] = Counter()
    for item in items:
        seen[item.id] += 1
        repeated = seen[item.id] > 1
        yield item._replace(id=f"{item.id}#{seen[item.id]}") if repeated else item


def _marked(item: Item, format: Format, split: str) -> Item:
    return item._replace(benchmark=True) if split in format.benchmark else item


def _on_hub(config: DataConfig, format: Format) -> DataConfig:
    """The hub's own words for what is asked: its default subset, and its only split."""
    subset = config.subset
    if subset is None and format.hub and config.source == format.hub.source:
        subset = format.hub.subset
    split = "train" if format.one_split else config.hub_split
    return config.model_copy(update={"subset": subset, "hub_split": split})
