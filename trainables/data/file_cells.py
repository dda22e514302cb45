"""All cells of a row's own record, for rewards of the user's own.

They are read anew from where the rows came from, for the rewards at hand alone: no cache holds
them, so private data stay where they are, and rows are the same for every kind of trial.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trainables.data.about import about_row
from trainables.data.components import components_of
from trainables.data.config import DataConfig
from trainables.data.held_out import held_parts, prefix
from trainables.data.keys import online_fingerprints
from trainables.data.prepared import Prepared
from trainables.data.sources import files, hub
from trainables.data.sources.columns import TableRecord
from trainables.data.sources.registry import source_kind
from trainables.data.token_rows import TokenRows

CELLS = "cells"


def with_cells(prepared: Prepared, data: DataConfig) -> Prepared:
    """The same rows; those read by `data.fields` know all columns of their file or hub data set.
    Where components have different columns each row has all of them, None where it has none."""
    found = dict(_cells(data))
    if not found:
        return prepared
    names = dict.fromkeys(name for cells in found.values() for name in cells)
    train, validation = (
        _knowing(rows, found, names) for rows in (prepared.train, prepared.validation)
    )
    return prepared._replace(train=train, validation=validation)


def cells_of(rows: TokenRows, place: int) -> dict[str, Any]:
    """The cells of the row at this place by column; empty where they are not known."""
    known = about_row(rows.about[place] if rows.about else "")
    return dict(known.get(CELLS, {}))


def _cells(data: DataConfig) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Ids as rows have them, and the cells of each."""
    for name, part in components_of(data).items():
        for before, section in (("", part), *_apart(part)):
            for record in _records(section):
                id = f"{before}{record.id}"
                yield (f"{name}/{id}" if name else id), record.cells
    for before, section in _apart(data) if data.mixture else ():
        yield from ((f"{before}{record.id}", record.cells) for record in _records(section))


def _apart(part: DataConfig) -> Iterator[tuple[str, DataConfig]]:
    """Sections of validation rows of their own, and what their rows' ids begin with."""
    own = held_parts(part, "validation")
    for number, section in enumerate(own):
        yield prefix("validation", number, len(own)), section


def _records(part: DataConfig) -> Iterator[TableRecord]:
    kind = source_kind(part)
    if kind == "file":
        return files.records(part)
    if kind == "hub":
        return hub.records(part, online_fingerprints(part)[""].rpartition(":")[2])
    return iter(())


def _knowing(
    rows: TokenRows, found: Mapping[str, Mapping[str, object]], names: Mapping[str, None]
) -> TokenRows:
    about = []
    for place, id in enumerate(rows.ids):
        cells = found.get(id, {})
        known = about_row(rows.about[place] if rows.about else "")
        known[CELLS] = {name: cells.get(name) for name in names}
        about.append(json.dumps(known, ensure_ascii=False, default=str))
    return replace(rows, about=about)
