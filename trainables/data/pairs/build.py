"""Reading, cleaning and splitting the pairs of a data section, with a report on them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from trainables.data.build import SPLITS, joined_lines, rows_sha256
from trainables.data.discreet import discreet
from trainables.data.entries import DataReport
from trainables.data.held_out import Which
from trainables.data.held_rows import ORDER
from trainables.data.leaks import leaks
from trainables.data.noticed import noticed, together
from trainables.data.own_prompts import system_prompts
from trainables.data.pairs.clean import clean, refuse_benchmark
from trainables.data.pairs.config import PairsConfig, PairSourceConfig, private_sources
from trainables.data.pairs.held_pairs import HeldPairs, held_pairs, with_held
from trainables.data.pairs.pair import PreferencePair
from trainables.data.pairs.registry import reader_of
from trainables.data.rows import Row
from trainables.data.splitting import (
    drawn_anew,
    rows_split,
    seeded_order,
    share_of,
    split_by_group,
    subsample,
    without_test_share,
)
from trainables.errors import InputError
from trainables.on_progress import OnProgress

CHATS = "chats"  # in a report: pairs whose prompt has several turns or a system prompt
PairSplit = tuple[list[PreferencePair], list[PreferencePair], list[PreferencePair]]


class PairSplits(NamedTuple):
    """Pairs as text, without the sealed test split; `unseen` are those of sources never trained
    on."""

    train: list[PreferencePair]
    validation: list[PreferencePair]
    unseen: list[PreferencePair]
    report: DataReport


class CleanedPairs(NamedTuple):
    """One source's pairs, cleaned, and what the report says of them."""

    pairs: list[PreferencePair]
    report: DataReport
    apart: dict[Which, list[PreferencePair]]  # those of `data.validation` and `data.test`


class AllPairs(NamedTuple):
    """All pairs of a data section, the sealed ones too."""

    splits: PairSplits
    test: list[PreferencePair]


def build_pairs(
    config: PairsConfig, fingerprints: Mapping[str, str], progress: OnProgress
) -> PairSplits:
    """Training, validation and unseen pairs with their report. Raises InputError."""
    return build_all_pairs(config, fingerprints, progress).splits


def build_all_pairs(
    config: PairsConfig, fingerprints: Mapping[str, str], progress: OnProgress
) -> AllPairs:
    """The same with the test pairs, which only `sealed` may ask for.

    Training pairs whose question and chosen answer repeat, exactly or nearly, those of a pair kept
    for measuring (unseen ones too) are dropped.
    """
    whole = held_pairs("", config, fingerprints, progress) if config.mixture else {}
    seen = {s.label: _part(s, fingerprints, config, whole, progress) for s in config.seen}
    unseen_parts = {s.label: _part(s, fingerprints, config, None, progress) for s in config.unseen}
    own = any(source.validation is not None for source in config.seen)
    seeds = (config.seed, ORDER if own else config.seed, config.seed)
    splits = [_within_limit(seen[source.label], source, config) for source in config.seen]
    train, validation, test = map(_mixed, zip(*splits, strict=True), seeds)
    validation = _of_whole(whole, "validation") or validation
    test = _of_whole(whole, "test") or test
    validation, repeated = _without_test(validation, test, config)
    unseen = [pair for part in unseen_parts.values() for pair in part.pairs]
    progress(f"comparing {len(train):,} training pairs with those kept for measuring")
    leaked = leaks(_chosen(train), _chosen([*validation, *test, *unseen]))
    clear = [pair for place, pair in enumerate(train) if place not in leaked]
    if not clear:
        message = "every training pair repeats one that is kept for measuring"
        raise InputError("data.source", config.source or None, message, "Give pairs that differ.")
    report = _report(seen, unseen_parts, (clear, validation, test, unseen), len(leaked))
    report = with_held(report, whole, train)
    if repeated:
        report["dropped"]["leak_of_test"] = repeated
    if prompts := system_prompts(_chosen(clear), shown=not private_sources(config)):
        report["system_prompts"] = prompts
    return AllPairs(PairSplits(clear, validation, unseen, report), test)


def _within_limit(part: CleanedPairs, source: PairSourceConfig, config: PairsConfig) -> PairSplit:
    """A source's pairs, split; what `limit` leaves out of the training pairs is counted."""
    train, validation, test = _split(part, config)
    if source.split_limit is None:
        return train, validation, test
    kept = share_of(train, len(part.pairs), source.limit, config.seed)
    part.report["dropped"]["over_limit"] += len(train) - len(kept)
    return kept, validation, test


def _part(
    source: PairSourceConfig,
    fingerprints: Mapping[str, str],
    config: PairsConfig,
    whole: Collection[Which] | None,
    tell: OnProgress,
) -> CleanedPairs:
    """One source; what the `whole` mixture keeps apart is not split off it. None: it is unseen."""
    tell(f"reading {source.source}")
    with discreet(source, source.private):
        found = reader_of(source).read(source, fingerprints[source.label])
    held = held_pairs(source.label, source, fingerprints, tell)
    if whole is not None:
        refuse_benchmark(found.pairs, source)
    kept, dropped = clean(found.pairs)
    limited = subsample(kept, rows_split(source.limit, source.split_limit), config.seed)
    empty = found.dropped.get("empty", 0) + dropped["empty"]
    over = len(kept) - len(limited)
    dropped = {**found.dropped, **dropped, "empty": empty, "over_limit": over}
    unsplit = whole is None or "validation" in {*held, *whole}
    if len(limited) < (1 if unsplit else 2):
        counts = ", ".join(f"{why} {n}" for why, n in dropped.items() if n) or "none"
        message = f"{len(limited)} of {len(found.pairs)} pairs left (dropped: {counts})"
        raise InputError("data.source", source.source, message, "Check data.fields.")
    report = {
        "source": source.source,
        "version": found.version,
        "citation": found.citation,
        "licence": found.licence,
        "rows_read": len(found.pairs) + sum(found.dropped.values()),
        "dropped": dropped,
        "noticed": noticed([row for pair in found.pairs for row in pair.rows()]),
        **({"how": list(found.how)} if found.how else {}),
    }
    name = source.label
    apart: dict[Which, list[PreferencePair]] = {which: [] for which in whole or ()}
    apart |= {which: [_named(pair, name) for pair in own.pairs] for which, own in held.items()}
    return CleanedPairs(
        [_named(pair, name) for pair in limited], with_held(report, held, limited), apart
    )


def _split(part: CleanedPairs, config: PairsConfig) -> PairSplit:
    """Pairs of their own as they are, what is missing split off the training pairs."""
    if "validation" in part.apart:
        return part.pairs, part.apart["validation"], part.apart.get("test", [])
    shares = without_test_share(config.split) if "test" in part.apart else config.split
    train, validation, test = split_by_group(part.pairs, shares, config.seed)
    train, validation = drawn_anew(train, validation, shares, config.validation_seed)
    return train, validation, part.apart.get("test", test)


def _without_test(
    validation: list[PreferencePair], test: list[PreferencePair], config: PairsConfig
) -> tuple[list[PreferencePair], int]:
    """As `held_rows.without_test`."""
    sections = (config, *config.seen)
    if not any(s.validation is not None or s.test is not None for s in sections):
        return validation, 0
    found = leaks(_chosen(validation), _chosen(test))
    kept = [pair for place, pair in enumerate(validation) if place not in found]
    if not kept:
        message = f"every one of the {len(validation)} validation pairs repeats a test pair"
        raise InputError("data.validation", None, message, "Give pairs that differ.")
    return kept, len(found)


def _of_whole(whole: Mapping[Which, HeldPairs], which: Which) -> list[PreferencePair]:
    """The pairs that a whole mixture keeps apart, in an order that no seed changes."""
    pairs = whole[which].pairs if which in whole else []
    return _mixed([[pair._replace(source=which) for pair in pairs]], ORDER)


def _named(pair: PreferencePair, source: str) -> PreferencePair:
    return pair._replace(id=f"{source}/{pair.id}", group=f"{source}/{pair.group}", source=source)


def _mixed(parts: Sequence[list[PreferencePair]], seed: int) -> list[PreferencePair]:
    """All sources' pairs of a split, mixed, so that the first n are a sample of all."""
    pairs = (pair for part in parts for pair in part)
    return sorted(pairs, key=lambda pair: seeded_order(seed, "row", pair.id))


def _chosen(pairs: Sequence[PreferencePair]) -> list[Row]:
    return [pair.rows()[0] for pair in pairs]


def _report(
    own: Mapping[str, CleanedPairs],
    others: Mapping[str, CleanedPairs],
    splits: tuple[
        list[PreferencePair], list[PreferencePair], list[PreferencePair], list[PreferencePair]
    ],
    leaked: int,
) -> DataReport:
    """As that of rows (docs/data.md), counted in pairs; `components` are all sources."""
    parts = {**own, **others}
    reports = [part.report for part in parts.values()]
    dropped: Counter[str] = Counter()
    for report in reports:
        dropped.update(report["dropped"])
    named = dict(zip((*SPLITS, "unseen"), splits, strict=True))
    chats = sum(bool(p.turns or p.system) for pairs in splits for p in pairs)
    return {
        "unit": "pairs",
        **({CHATS: chats} if chats else {}),
        "source": ", ".join(own) + (f"; unseen: {', '.join(others)}" if others else ""),
        "version": "; ".join(f"{name}: {p.report['version']}" for name, p in parts.items()),
        "citation": joined_lines(report["citation"] for report in reports),
        "licence": joined_lines(report["licence"] for report in reports),
        "rows_read": sum(report["rows_read"] for report in reports),
        "dropped": {**dropped, "leak": leaked},
        "noticed": together({name: part.report["noticed"] for name, part in parts.items()}),
        "kept": {name: len(pairs) for name, pairs in named.items()},
        "groups": {name: len({p.group for p in pairs}) for name, pairs in named.items()},
        "test_sha256": rows_sha256([row for pair in splits[2] for row in pair.rows()]),
        "components": {
            name: {**part.report, "kept": _kept_of(name, named)} for name, part in parts.items()
        },
    }


def _kept_of(source: str, splits: Mapping[str, Sequence[PreferencePair]]) -> dict[str, int]:
    return {name: sum(p.source == source for p in pairs) for name, pairs in splits.items()}
