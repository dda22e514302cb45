"""Reading, cleaning and splitting the rows of a data section, with a report on them."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from trainables.data.components import components_of, is_private, private_components
from trainables.data.config import DataConfig
from trainables.data.discreet import discreet
from trainables.data.diversity import diversity
from trainables.data.entries import DataReport
from trainables.data.filters import clean_rows, refuse_few
from trainables.data.held_out import Which
from trainables.data.held_rows import held_rows, with_held, without_test
from trainables.data.leaks import leaks
from trainables.data.noticed import noticed, together
from trainables.data.rows import Row
from trainables.data.sources.registry import source_of
from trainables.data.splitting import (
    drawn_anew,
    fold_by_group,
    rows_split,
    seeded_order,
    share_of,
    split_by_group,
    subsample,
    without_test_share,
)
from trainables.errors import InputError
from trainables.on_progress import OnProgress

SPLITS = ("train", "validation", "test")
Split = tuple[list[Row], list[Row], list[Row]]


class CleanedData(NamedTuple):
    """One data set, cleaned and split."""

    splits: Split
    report: DataReport  # source, version, citation, licence, rows_read, dropped


class AllSplits(NamedTuple):
    """All rows of a data section, the sealed ones too."""

    train: list[Row]
    validation: list[Row]
    test: list[Row]
    report: DataReport


def build_text(
    config: DataConfig, fingerprints: Mapping[str, str], progress: OnProgress
) -> tuple[list[Row], list[Row], DataReport]:
    """Training rows, validation rows and the report. Raises InputError."""
    train, validation, _, report = build_all(config, fingerprints, progress)
    return train, validation, report


def build_all(
    config: DataConfig, fingerprints: Mapping[str, str], progress: OnProgress
) -> AllSplits:
    """The same with the test rows, which only `sealed` may ask for."""
    whole = held_rows("", config, fingerprints, progress) if config.mixture else {}
    parts = {
        name: _part_named(name, part, fingerprints, progress, whole)
        for name, part in components_of(config).items()
    }
    train, validation, test = _joined(parts, config.seed)
    validation = whole["validation"].rows if "validation" in whole else validation
    test = whole["test"].rows if "test" in whole else test
    validation, repeated = without_test(validation, test, config)
    progress(f"comparing {len(train):,} training rows with those kept for evaluation")
    leaked = leaks(train, [*validation, *test], config.cleaning.near_duplicate_threshold)
    clear = [row for place, row in enumerate(train) if place not in leaked]
    _refuse_nothing(clear, validation, config)
    report = with_held(_whole_report(parts, config), whole, train)
    report["dropped"]["leak"] = len(leaked)
    if repeated:
        report["dropped"]["leak_of_test"] = repeated
    report |= _split_counts((clear, validation, test))
    if config.mixture:
        report["components"] = _by_component(parts, clear, validation)
    report["diversity"] = diversity(clear, topics=not private_components(config))
    return AllSplits(clear, validation, test, report)


def rows_sha256(rows: Sequence[Row]) -> str:
    """A SHA-256 over ids and texts, whatever the order of the rows."""
    lines = sorted(json.dumps([row.id, row.question, row.answer]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _part_named(
    name: str,
    config: DataConfig,
    fingerprints: Mapping[str, str],
    progress: OnProgress,
    whole: Collection[Which],
) -> CleanedData:
    try:
        return _part(name, config, fingerprints, progress, whole)
    except InputError as error:
        if not name:
            raise
        message = f"component {name} of the mixture: {error.message}"
        raise InputError(error.field, error.value, message, error.fix) from error


def _part(
    name: str,
    config: DataConfig,
    fingerprints: Mapping[str, str],
    progress: OnProgress,
    whole: Collection[Which],
) -> CleanedData:
    """One data set; what the `whole` mixture keeps apart is not split off it."""
    progress(f"reading {config.source}")
    with discreet(config, is_private(config)):
        source = source_of(config).read(config, fingerprints[name])
    progress(f"cleaning {len(source.rows):,} rows")
    rows, dropped = clean_rows(source.rows, config.cleaning)
    limited = subsample(rows, rows_split(config.limit, config.split_limit), config.seed)
    dropped["over_limit"] = len(rows) - len(limited)
    held = held_rows(name, config, fingerprints, progress)
    apart = {which: own.rows for which, own in held.items()} | {which: [] for which in whole}
    refuse_few(limited, len(source.rows), dropped, 1 if "validation" in apart else 2)
    splits = _split(limited, apart, config)
    train = _within_limit(splits[0], len(limited), config)
    dropped["over_limit"] += len(splits[0]) - len(train)
    report: DataReport = {
        "source": config.source,
        "version": source.version,
        "citation": source.citation,
        "licence": source.licence,
        "rows_read": len(source.rows),
        "dropped": dropped,
        "noticed": noticed(source.rows),
        **({"how": list(source.how)} if source.how else {}),
    }
    return CleanedData((train, *splits[1:]), with_held(report, held, limited))


def _within_limit(train: list[Row], split: int, config: DataConfig) -> list[Row]:
    """The training rows that `limit` keeps of those that so many rows were split into."""
    if config.split_limit is None:
        return train
    return share_of(train, split, config.limit, config.seed)


def _split(rows: Sequence[Row], held: Mapping[Which, list[Row]], config: DataConfig) -> Split:
    """Rows of their own as they are, what is missing split off the training rows."""
    if "validation" in held:
        ordered = sorted(rows, key=lambda row: seeded_order(config.seed, "row", row.id))
        return ordered, held["validation"], held.get("test", [])
    shares = without_test_share(config.split) if "test" in held else config.split
    train, validation, test = split_by_group(rows, shares, config.seed)
    train, validation = drawn_anew(train, validation, shares, config.validation_seed)
    test = held.get("test", test)
    if config.folds is None:
        return train, validation, test
    pool = sorted(train + validation, key=lambda row: seeded_order(config.seed, "row", row.id))
    seed = config.seed if config.validation_seed is None else config.validation_seed
    return *fold_by_group(pool, config.folds, config.fold, seed), test


def _joined(parts: Mapping[str, CleanedData], seed: int) -> Split:
    """The splits of all components; ids and groups of a mixture begin with the component's name."""
    if set(parts) == {""}:
        return parts[""].splits
    joined: list[list[Row]] = []
    for split in range(3):
        rows = [_named(row, name) for name, part in parts.items() for row in part.splits[split]]
        # mixed, so that the first n rows are a sample of all components
        joined.append(sorted(rows, key=lambda row: seeded_order(seed, "row", row.id)))
    return joined[0], joined[1], joined[2]


def _named(row: Row, component: str) -> Row:
    return row._replace(
        id=f"{component}/{row.id}", group=f"{component}/{row.group}", component=component
    )


def _whole_report(parts: Mapping[str, CleanedData], config: DataConfig) -> DataReport:
    reports = [part.report for part in parts.values()]
    if not config.mixture:
        return {**reports[0], "dropped": dict(reports[0]["dropped"])}
    dropped: Counter[str] = Counter()
    for report in reports:
        dropped.update(report["dropped"])
    return {
        "source": "mixture of " + ", ".join(parts),
        "version": "; ".join(f"{name}: {part.report['version']}" for name, part in parts.items()),
        "citation": joined_lines(report["citation"] for report in reports),
        "licence": joined_lines(report["licence"] for report in reports),
        "rows_read": sum(report["rows_read"] for report in reports),
        "dropped": dict(dropped),
        "noticed": together({name: part.report["noticed"] for name, part in parts.items()}),
    }


def joined_lines(texts: Iterable[str | None]) -> str | None:
    """Each text once, in the order of first use; None of nothing."""
    return "; ".join(dict.fromkeys(text for text in texts if text)) or None


def _by_component(
    parts: Mapping[str, CleanedData], train: Sequence[Row], validation: Sequence[Row]
) -> dict[str, Any]:
    left = Counter(row.component for row in train)
    measured = Counter(row.component for row in validation)
    return {
        name: {
            **part.report,
            "kept": {
                "train": left[name],
                "validation": measured[name],
                "test": len(part.splits[2]),
            },
        }
        for name, part in parts.items()
    }


def _split_counts(splits: Split) -> DataReport:
    named = dict(zip(SPLITS, splits, strict=True))
    return {
        "kept": {name: len(rows) for name, rows in named.items()},
        "groups": {name: len({row.group for row in rows}) for name, rows in named.items()},
        "test_sha256": rows_sha256(named["test"]),
    }


def _refuse_nothing(train: Sequence[Row], validation: Sequence[Row], config: DataConfig) -> None:
    if train:
        return
    raise InputError(
        "data.source",
        config.source or None,
        f"every training row repeats one of the {len(validation)} validation rows or a test row",
        "Give rows that differ.",
    )
