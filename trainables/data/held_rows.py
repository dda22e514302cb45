"""The rows that `data.validation` and `data.test` name: read, cleaned and counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trainables.data.components import is_private
from trainables.data.config import DataConfig
from trainables.data.discreet import discreet
from trainables.data.entries import DataReport
from trainables.data.filters import clean_rows, refuse_few
from trainables.data.held_out import HELD, Which, at_held, held_label, held_parts, prefix
from trainables.data.leaks import leaks
from trainables.data.noticed import noticed
from trainables.data.rows import Row
from trainables.data.sources.registry import source_of
from trainables.data.sources.source import UNNAMED, SourceRows
from trainables.data.splitting import seeded_order
from trainables.errors import InputError
from trainables.on_progress import OnProgress

ORDER = 0  # the order of validation rows is that of every trial, whatever its data.seed


class HeldRows(NamedTuple):
    """Rows kept apart, as read and as cleaned, and what is said of them."""

    read: list[Row]
    rows: list[Row]
    dropped: dict[str, int]
    sources: list[str]
    version: str


def held_rows(
    name: str, config: DataConfig, fingerprints: Mapping[str, str], progress: OnProgress
) -> dict[Which, HeldRows]:
    """The rows of each of HELD that the section names some for. Raises InputError.

    Ids begin with `validation/` or `test/` (of several files with their number), so that they are
    none of the training rows'. They come in an order drawn once and for all.
    """
    named = {which: held_parts(config, which) for which in HELD}
    found = {}
    for which, parts in named.items():
        if parts:
            progress(f"reading {which} rows")
            labels = (held_label(name, which, number) for number in range(len(parts)))
            found[which] = _read(which, parts, [fingerprints[label] for label in labels])
    return found


def without_test(
    validation: Sequence[Row], test: Sequence[Row], config: DataConfig
) -> tuple[list[Row], int]:
    """Validation rows that repeat no test row, and how many went: what is chosen by must not have
    seen the test. Rows that were split off one source repeat none: cleaning saw them together."""
    sections = (config, *(config.mixture or ()))
    if not any(section.validation or section.test for section in sections):
        return list(validation), 0
    found = leaks(validation, test, config.cleaning.near_duplicate_threshold)
    kept = [row for place, row in enumerate(validation) if place not in found]
    if not kept:
        message = f"every one of the {len(validation)} validation rows repeats a test row"
        raise InputError("data.validation", None, message, "Give rows that differ.")
    return kept, len(found)


def with_held(
    report: DataReport, held: Mapping[Which, HeldRows], train: Sequence[Row]
) -> DataReport:
    """The report of a data set with its rows kept apart: counts are of all rows together, `own`
    says which are theirs."""
    if not held:
        return report
    dropped: Counter[str] = Counter(report["dropped"])
    for own in held.values():
        dropped.update(own.dropped)
    groups = {row.group for row in train if not row.group.startswith(UNNAMED)}
    return {
        **report,
        "rows_read": report["rows_read"] + sum(len(own.read) for own in held.values()),
        "dropped": dict(dropped),
        "noticed": _noticed(report, held),
        "own": {which: _told(own, groups) for which, own in held.items()},
    }


def _noticed(report: DataReport, held: Mapping[Which, HeldRows]) -> dict[str, Any]:
    found: dict[str, Any] = {name: dict(at) for name, at in report["noticed"].items()}
    for name, more in noticed([row for own in held.values() for row in own.read]).items():
        first = found.setdefault(name, {"rows": 0, "first": more["first"]})
        first["rows"] += more["rows"]
    return found


def _told(own: HeldRows, groups: set[str]) -> dict[str, Any]:
    return {
        "source": own.sources,
        "version": own.version,
        "rows_read": len(own.read),
        "dropped": own.dropped,
        # of groups that the data name (`data.fields.group`, a format's): related rows
        "groups_trained_on": len(groups & {row.group for row in own.rows}),
    }


def _read(which: Which, parts: list[DataConfig], fingerprints: list[str]) -> HeldRows:
    pairs = zip(parts, fingerprints, strict=True)
    found = [_source(which, part, fingerprint) for part, fingerprint in pairs]
    rows = [
        row._replace(id=prefix(which, number, len(found)) + row.id)
        for number, source in enumerate(found)
        for row in source.rows
    ]
    kept, dropped = clean_rows(rows, parts[0].cleaning)
    refuse_few(kept, len(rows), dropped, 1, f"data.{which}")
    names = [part.source for part in parts]
    version = "; ".join(source.version for source in found)
    ordered = sorted(kept, key=lambda row: seeded_order(ORDER, "row", row.id))
    return HeldRows(rows, ordered, dropped, names, version)


def _source(which: Which, part: DataConfig, fingerprint: str) -> SourceRows:
    try:
        with discreet(part, is_private(part)):
            return source_of(part).read(part, fingerprint)
    except InputError as error:
        raise at_held(error, which) from error
