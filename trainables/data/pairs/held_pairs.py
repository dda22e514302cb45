"""Pairs of their own for validation and test: `data.validation`, `data.test`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from trainables.data.discreet import discreet
from trainables.data.entries import DataReport
from trainables.data.held_out import HELD, Which, at_held, held_label, held_parts, prefix
from trainables.data.noticed import noticed
from trainables.data.pairs.clean import clean, refuse_benchmark
from trainables.data.pairs.config import PairSourceConfig
from trainables.data.pairs.pair import PreferencePair, SourcePairs
from trainables.data.pairs.registry import reader_of
from trainables.data.sources.source import UNNAMED
from trainables.errors import InputError
from trainables.on_progress import OnProgress


class HeldPairs(NamedTuple):
    """Pairs kept apart, cleaned, and what is said of them (as `held_rows` says it of rows)."""

    pairs: list[PreferencePair]
    told: dict[str, Any]
    noticed: dict[str, Any]


def held_pairs(
    name: str, source: PairSourceConfig, fingerprints: Mapping[str, str], progress: OnProgress
) -> dict[Which, HeldPairs]:
    """The pairs of each of HELD that the source called `name` names some for, all of them; "" is a
    whole mixture. Raises InputError."""
    found = {}
    for which in HELD:
        if parts := held_parts(source, which):
            progress(f"reading {which} pairs")
            labels = [held_label(name, which, n) for n in range(len(parts))]
            known = [fingerprints[label] for label in labels]
            read = [_read(which, *own) for own in zip(parts, known, strict=True)]
            found[which] = _held(which, [part.source for part in parts], read)
    return found


def with_held(
    report: DataReport, held: Mapping[Which, HeldPairs], train: Sequence[PreferencePair]
) -> DataReport:
    """The report of a source with its pairs kept apart: counts are of all of them together."""
    if not held:
        return report
    dropped: Counter[str] = Counter(report["dropped"])
    marked = {name: dict(at) for name, at in report["noticed"].items()}
    for own in held.values():
        dropped.update(own.told["dropped"])
        for name, more in own.noticed.items():
            marked.setdefault(name, {**more, "rows": 0})["rows"] += more["rows"]
    read = report["rows_read"] + sum(own.told["rows_read"] for own in held.values())
    groups = {pair.group for pair in train if not pair.group.startswith(UNNAMED)}
    own_told = {which: _told(own, groups) for which, own in held.items()}
    return {
        **report,
        "rows_read": read,
        "dropped": dict(dropped),
        "noticed": marked,
        "own": own_told,
    }


def _read(which: Which, part: PairSourceConfig, fingerprint: str) -> SourcePairs:
    try:
        with discreet(part, part.private):
            found = reader_of(part).read(part, fingerprint)
        refuse_benchmark(found.pairs, part)
    except InputError as error:
        raise at_held(error, which) from error
    return found


def _told(own: HeldPairs, groups: set[str]) -> dict[str, Any]:
    return {**own.told, "groups_trained_on": len(groups & {pair.group for pair in own.pairs})}


def _held(which: Which, names: list[str], read: list[SourcePairs]) -> HeldPairs:
    pairs = [
        pair._replace(id=prefix(which, number, len(read)) + pair.id)
        for number, source in enumerate(read)
        for pair in source.pairs
    ]
    kept, dropped = clean(pairs)
    lost: Counter[str] = Counter(dropped)
    for source in read:
        lost.update(source.dropped)
    if not kept:
        counts = ", ".join(f"{why} {n}" for why, n in lost.items() if n) or "none"
        message = f"0 of {lost.total()} pairs left (dropped: {counts})"
        raise InputError(f"data.{which}", names[0], message, "Check data.fields.")
    told = {
        "source": names,
        "version": "; ".join(source.version for source in read),
        "rows_read": len(kept) + lost.total(),
        "dropped": dict(lost),
    }
    return HeldPairs(kept, told, noticed([row for pair in pairs for row in pair.rows()]))
