"""From a data set's name to tokenised training and validation rows, once, in the cache.

The test split is sealed: it is never tokenised, written or returned. The report holds its row count
and a hash of its rows, so that whoever opens it later can prove that it is the same.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.cache import locked
from trainables.data.cleaning import clean
from trainables.data.config import CleaningConfig, DataConfig
from trainables.data.duplicates import drop_exact, drop_near
from trainables.data.entries import Report, entry_folder, read_entry, read_report, write_entry
from trainables.data.keys import online_fingerprint, text_key, token_key
from trainables.data.rows import Row
from trainables.data.sources.registry import source_of
from trainables.data.splitting import Split, split_by_group, subsample
from trainables.data.token_rows import TokenRows, from_table, to_table
from trainables.data.tokenise import tokenise
from trainables.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SPLITS = ("train", "validation", "test")
Progress = Callable[[str], None]


class TextSplits(NamedTuple):
    """Cleaned rows as text, without the sealed test split; `report` as in docs/data.md."""

    train: list[Row]
    validation: list[Row]
    report: Report


class Prepared(NamedTuple):
    """What every trial on the same data, tokenizer and length shares."""

    key: str
    train: TokenRows
    validation: TokenRows
    report: Report
    general: TokenRows | None = None  # rows of `training.regularizer.data`
    general_key: str = ""


def data_key(data: DataConfig, tokenizer_key: str, max_length: int) -> str:
    """The cache key of `prepare` with these arguments, without reading or tokenising rows.

    A file is hashed, a hub data set's revision is looked up. Raises InputError.
    """
    return token_key(data, text_key(data, online_fingerprint(data)), tokenizer_key, max_length)


def cached_report(
    data: DataConfig, tokenizer_key: str | None = None, max_length: int | None = None
) -> Report | None:
    """The counts, if `prepare` made them before (or those of the text alone); uses no network."""
    fingerprint = source_of(data).fingerprint(data, False)
    if fingerprint is None:
        return None
    key = text_key(data, fingerprint)
    report = None
    if tokenizer_key is not None and max_length is not None:
        tokens = token_key(data, key, tokenizer_key, max_length)
        report = read_report(entry_folder("tokens", tokens))
    report = report or read_report(entry_folder("text", key))
    return report and _named(report, data)


def prepare_text(config: DataConfig, progress: Progress | None = None) -> TextSplits:
    """Read, clean and split the rows, or take them from the cache. Raises InputError."""
    fingerprint = online_fingerprint(config)
    folder = entry_folder("text", text_key(config, fingerprint))
    with locked(folder):
        entry = read_entry(folder)
        if entry is None:
            splits, report = _build_text(config, fingerprint, progress or _silent)
            tables = {"train": _text_table(splits[0]), "validation": _text_table(splits[1])}
            write_entry(folder, tables, report)
            entry = tables, report
    tables, report = entry
    return TextSplits(
        _text_rows(tables["train"]), _text_rows(tables["validation"]), _named(report, config)
    )


def prepare(
    data: DataConfig,
    tokenizer_source: Callable[[], "PreTrainedTokenizerBase"],
    tokenizer_key: str,
    max_length: int,
    progress: Progress | None = None,
) -> Prepared:
    """Tokenised training and validation rows, from the cache or made and put there.

    `tokenizer_source` is called only where they must be made; `tokenizer_key` identifies what it
    gives. `max_length` is in tokens. `progress` gets a line of text a step. Raises InputError.
    """
    key = data_key(data, tokenizer_key, max_length)
    folder = entry_folder("tokens", key)
    with locked(folder):
        entry = read_entry(folder)
        if entry is None:
            text = prepare_text(data, progress)
            made = _build_tokens(text, data, tokenizer_source(), max_length, progress or _silent)
            train, validation, report = made
            tables = {"train": to_table(train), "validation": to_table(validation)}
            write_entry(folder, tables, report)
            return Prepared(key, train, validation, report)
    tables, report = entry
    return Prepared(
        key, from_table(tables["train"]), from_table(tables["validation"]), _named(report, data)
    )


def _build_text(
    config: DataConfig, fingerprint: str, progress: Progress
) -> tuple[tuple[list[Row], list[Row]], Report]:
    progress(f"reading {config.source}")
    source = source_of(config).read(config, fingerprint)
    progress(f"cleaning {len(source.rows):,} rows")
    rows, dropped = clean_rows(source.rows, config.cleaning)
    limited = subsample(rows, config.limit, config.seed)
    dropped["over_limit"] = len(rows) - len(limited)
    _refuse_nothing(limited, len(source.rows), dropped)
    splits = split_by_group(limited, config.split, config.seed)
    report = {
        "source": config.source,
        "version": source.version,
        "citation": source.citation,
        "licence": source.licence,
        "rows_read": len(source.rows),
        "dropped": dropped,
        **_split_counts(splits),
    }
    return (splits[0], splits[1]), report


def clean_rows(rows: Sequence[Row], config: CleaningConfig) -> tuple[list[Row], dict[str, int]]:
    """Filters, then exact, then near duplicates: the rows left and how many each step dropped."""
    kept, dropped = clean(rows, config)
    kept, dropped["exact_duplicate"] = drop_exact(kept)
    dropped["near_duplicate"] = 0
    if config.near_duplicate_threshold is not None:
        kept, dropped["near_duplicate"] = drop_near(kept, config.near_duplicate_threshold)
    return kept, dropped


def rows_sha256(rows: Sequence[Row]) -> str:
    """A SHA-256 over ids and texts, whatever the order of the rows."""
    lines = sorted(json.dumps([row.id, row.question, row.answer]) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _split_counts(splits: Split) -> Report:
    named = dict(zip(SPLITS, splits, strict=True))
    return {
        "kept": {name: len(rows) for name, rows in named.items()},
        "groups": {name: len({row.group for row in rows}) for name, rows in named.items()},
        "test_sha256": rows_sha256(named["test"]),
    }


def _refuse_nothing(rows: Sequence[Row], read: int, dropped: dict[str, int]) -> None:
    if len(rows) >= 2:
        return
    counts = ", ".join(f"{reason} {count}" for reason, count in dropped.items() if count)
    raise InputError(
        "data.cleaning",
        None,
        f"{len(rows)} of {read} rows left after cleaning (dropped: {counts or 'none'})",
        "Check data.fields, loosen data.cleaning or raise data.limit.",
    )


def _build_tokens(
    text: TextSplits,
    data: DataConfig,
    tokenizer: "PreTrainedTokenizerBase",
    max_length: int,
    progress: Progress,
) -> tuple[TokenRows, TokenRows, Report]:
    train = tokenise(text.train, tokenizer, data.system_prompt, max_length, "train", progress)
    validation = tokenise(
        text.validation, tokenizer, data.system_prompt, max_length, "validation", progress
    )
    made = {"train": train, "validation": validation}
    report: dict[str, Any] = {
        **text.report,
        "dropped": {
            **text.report["dropped"],
            "no_answer_left": {name: split.no_answer_left for name, split in made.items()},
        },
        "kept": {
            **text.report["kept"],
            **{name: len(split.rows) for name, split in made.items()},
        },
        "tokens": {
            **{name: len(split.rows.tokens) for name, split in made.items()},
            "answer_train": train.rows.answer_tokens(),
            "longest": max(int(split.rows.lengths().max()) for split in made.values()),
        },
        "truncated": {name: split.truncated for name, split in made.items()},
    }
    return train.rows, validation.rows, report


def _named(report: Report, data: DataConfig) -> Report:
    """A moved file has the same key; the report names where it is now."""
    return {**report, "source": data.source}


def _silent(line: str) -> None:
    """The progress that nobody watches."""


def _text_table(rows: Sequence[Row]) -> Any:
    import pyarrow as pa

    return pa.table({name: [getattr(row, name) for row in rows] for name in Row._fields})


def _text_rows(table: Any) -> list[Row]:
    columns = (table.column(name).to_pylist() for name in Row._fields)
    return [Row(*cells) for cells in zip(*columns, strict=True)]
