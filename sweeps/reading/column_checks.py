"""Columns that `data.fields` names, against a local file's first row: every misspelt one at once,
and before anything is prepared."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path as File
from typing import Any

from sweeps.reading.document import Path, SpecFinding
from sweeps.reading.parts import Parts
from trainables.data.config import DataConfig, FieldMapping
from trainables.data.sources import files
from trainables.data.sources.chats import chat_column
from trainables.data.sources.table import TableRecord, cell, whole_layout
from trainables.errors import InputError
from trainables.kinds import PAIRED, kind_of

LARGEST = 20_000_000  # bytes of a file that is looked into while a spec is read


def column_findings(parts: Parts) -> list[SpecFinding]:
    """Columns that the files of the trial do not have. What else is wrong with a file, its reader
    says, with the row."""
    found = []
    for place, source, fields in _mapped(parts):
        if record := _first(source):
            found += [SpecFinding((*place, *p), *rest) for p, *rest in _absent(record, fields)]
    return found


def _mapped(parts: Parts) -> Iterator[tuple[Path, str, FieldMapping]]:
    """Each data section's source with its mapping, where neither is searched."""
    stages = parts.trial.get("stages")
    places: list[tuple[Path, Any]] = [((), parts.trial)]
    places += [(("stages", n), s) for n, s in enumerate(stages if isinstance(stages, list) else ())]
    for above, trial in places:
        if not isinstance(trial, Mapping) or kind_of(trial) in PAIRED:  # pairs: their reader tells
            continue
        field = ".".join(map(str, (*above, "data")))
        given = parts.own.get(f"{field}.mixture") or ()
        searched = any(f"{path}.".startswith(f"{field}.") for path in parts.parameters)
        whole = _section(parts, field)
        sections = [((), whole), *((("mixture", n), part) for n, part in enumerate(given))]
        for inside, section in sections if not searched else ():
            source, fields = (getattr(section, name, None) for name in ("source", "fields"))
            ours = getattr(section, "format", None) is None  # no published format reads it
            if ours and isinstance(source, str) and isinstance(fields, FieldMapping):
                yield ("trial", *above, "data", *inside), source, fields


def _section(parts: Parts, field: str) -> DataConfig | None:
    """A data section of rows as it is written, where it is legal."""
    written: Any = parts.trial
    for name in field.split("."):
        written = written[int(name)] if name.isdigit() else (written or {}).get(name)
    with suppress(ValueError, TypeError):
        return DataConfig.model_validate(written)
    return None


def _first(source: str) -> TableRecord | None:
    """The first row of a local file that can be read."""
    try:
        file = File(source).expanduser()
        reader = files.READERS.get(file.suffix.lower())
        if reader is None or not file.is_file() or file.stat().st_size > LARGEST:
            return None
        return next(reader(file), None)
    except (InputError, OSError, ValueError):
        return None


def _absent(record: TableRecord, fields: FieldMapping) -> Iterator[tuple[Path, str, Any, Any]]:
    chat = chat_column(record, fields)
    names = ("messages",) if chat else ("question", "answer", "reasoning")
    for name in (*names, "system", "group"):
        column = chat if name == "messages" else getattr(fields, name)
        if column is None:
            continue
        try:
            cell(record, name, column)
        except InputError as error:
            yield ("fields", name), error.message, error.value, error.fix
            if whole_layout(record):
                return  # no choice of columns reads it: said once
