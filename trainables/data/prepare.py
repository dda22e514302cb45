"""From the names of data sets to tokenised training and validation rows, once, in the cache.

The test split is sealed: it is never tokenised, written or returned. The report holds its row count
and a hash of its rows, so that whoever opens it later can prove that it is the same. Private rows
are never written either: they are prepared anew in every process that asks.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.cache import locked
from trainables.data.build import build_text
from trainables.data.components import private_components
from trainables.data.config import DataConfig
from trainables.data.discreet import discreet
from trainables.data.entries import DataReport, entry_folder, read_entry, read_report, write_entry
from trainables.data.held_out import Which, held_parts
from trainables.data.keys import known_fingerprints, online_fingerprints, text_key, token_key
from trainables.data.lengths import Lengths
from trainables.data.own_prompts import system_prompts
from trainables.data.pairs.config import AnyData, PairsConfig
from trainables.data.prepared import Prepared
from trainables.data.rows import Row, row_table, table_rows
from trainables.data.token_rows import TokenRows, from_table, to_table
from trainables.data.tokenise import tokenise
from trainables.errors import InputError
from trainables.on_progress import OnProgress

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class TextSplits(NamedTuple):
    """Cleaned rows as text, without the sealed test split; `report` as in docs/data.md."""

    train: list[Row]
    validation: list[Row]
    report: DataReport


def data_key(
    data: DataConfig, tokenizer_key: str, max_length: int, measured_length: int | None = None
) -> str:
    """The cache key of `prepare` with these arguments, without reading or tokenising rows.

    A file is hashed, a hub data set's revision is looked up. Raises InputError.
    """
    lengths = Lengths(max_length, measured_length)
    return token_key(data, text_key(data, online_fingerprints(data)), tokenizer_key, lengths)


def cached_report(
    data: AnyData,
    tokenizer_key: str | None = None,
    max_length: int | None = None,
    measured_length: int | None = None,
) -> DataReport | None:
    """The counts, if `prepare` made them before (or those of the text alone); uses no network."""
    lengths = None if max_length is None else Lengths(max_length, measured_length)
    if isinstance(data, PairsConfig):
        from trainables.data.pairs.prepare import cached_pairs_report

        return cached_pairs_report(data, tokenizer_key, lengths)
    fingerprints = known_fingerprints(data)
    if fingerprints is None:
        return None
    key = text_key(data, fingerprints)
    report = None
    if tokenizer_key is not None and lengths is not None:
        tokens = token_key(data, key, tokenizer_key, lengths)
        report = read_report(entry_folder("tokens", tokens))
    report = report or read_report(entry_folder("text", key))
    return report and _named(report, data)


def prepare_text(config: DataConfig, progress: OnProgress | None = None) -> TextSplits:
    """Read, clean and split the rows, or take them from the cache. Raises InputError."""
    fingerprints, tell = online_fingerprints(config), progress or _silent
    if private_components(config):
        train, validation, report = build_text(config, fingerprints, tell)
        return TextSplits(train, validation, report)
    folder = entry_folder("text", text_key(config, fingerprints))
    with locked(folder):
        entry = read_entry(folder)
        if entry is None:
            train, validation, report = build_text(config, fingerprints, tell)
            tables = {"train": row_table(train), "validation": row_table(validation)}
            write_entry(folder, tables, report)
            return TextSplits(train, validation, _named(report, config))
    tables, report = entry
    train, validation = table_rows(tables["train"]), table_rows(tables["validation"])
    return TextSplits(train, validation, _named(report, config))


def prepare(
    data: AnyData,
    tokenizer_source: Callable[[], "PreTrainedTokenizerBase"],
    tokenizer_key: str,
    max_length: int,
    progress: OnProgress | None = None,
    measured_length: int | None = None,
) -> Prepared:
    """Tokenised training and validation rows, or pairs, from the cache or made and put there.

    `tokenizer_source` is called only where they must be made; `tokenizer_key` identifies what it
    gives. `max_length` is in tokens; validation rows are cut at `measured_length` where that is
    given. `progress` gets a line of text a step. The weights of a
    mixture change nothing here: see `drawn`. Raises InputError.

    >>> from trainables.models.config import ModelConfig
    >>> from trainables.models.resolve import resolve
    >>> from trainables.models.tokenizer import load_tokenizer, tokenizer_key
    >>> folder = resolve(ModelConfig(name_or_path="toy:llama"))
    >>> data = DataConfig(source="toy:drugs", limit=20)
    >>> rows = prepare(data, lambda: load_tokenizer(folder), tokenizer_key(folder), max_length=512)
    >>> len(rows.train) > len(rows.validation) > 0
    True
    """
    tell, lengths = progress or _silent, Lengths(max_length, measured_length)
    if isinstance(data, PairsConfig):
        from trainables.data.pairs.prepare import prepare_pairs

        found = prepare_pairs(data, tokenizer_source, tokenizer_key, lengths, tell)
        return Prepared(**found._asdict())
    key = data_key(data, tokenizer_key, *lengths)
    if hidden := private_components(data):
        text = prepare_text(data, tell)
        with discreet(data, True):  # a chat template may raise what it was given
            made = _build_tokens(key, text, data, tokenizer_source(), lengths, tell)
        return made._replace(validation=made.validation.hiding(hidden))
    folder = entry_folder("tokens", key)
    with locked(folder):
        entry = read_entry(folder)
        if entry is None:
            text = prepare_text(data, tell)
            made = _build_tokens(key, text, data, tokenizer_source(), lengths, tell)
            tables = {"train": to_table(made.train), "validation": to_table(made.validation)}
            write_entry(folder, tables, made.report)
            return made
    tables, report = entry
    train, validation = (from_table(tables[name]) for name in ("train", "validation"))
    return Prepared(key, train, validation, _named(report, data))


def _build_tokens(
    key: str,
    text: TextSplits,
    data: DataConfig,
    tokenizer: "PreTrainedTokenizerBase",
    lengths: Lengths,
    progress: OnProgress,
) -> Prepared:
    _refuse_idle(text, data)
    train, validation = (
        tokenise(rows, tokenizer, data.system_prompt, lengths, name, progress, data.loss_turns)
        for name, rows in (("train", text.train), ("validation", text.validation))
    )
    _refuse_lost(text, train.rows, lengths.train)
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
        "control_text": {name: split.control_text for name, split in made.items()},
        **lengths.told,
    }
    if any(split.turns_apart for split in made.values()):
        report["turns_apart"] = {name: split.turns_apart for name, split in made.items()}
    if own := system_prompts(text.train, shown=not private_components(data)):
        report["system_prompts"] = own
    return Prepared(key, train.rows, validation.rows, report)


def _refuse_idle(text: TextSplits, data: DataConfig) -> None:
    """InputError where a setting of chats is set and no row is one of several turns."""
    if data.loss_turns == "all" or any(row.turns for row in (*text.train, *text.validation)):
        return
    message = "has no effect: no row is a chat of several turns"
    raise InputError("data.loss_turns", data.loss_turns, message, "Remove it.")


def _refuse_lost(text: TextSplits, train: TokenRows, max_length: int) -> None:
    """A component that truncation left without a row has nothing that a weight could draw."""
    lost = {row.component for row in text.train} - {*train.components, ""}
    if lost:
        names = ", ".join(sorted(lost))
        message = f"truncation leaves no answer token in any training row of {names}"
        fix = "Raise it, or leave the component out of the mixture."
        raise InputError("training.max_length", max_length, message, fix)


def _named(report: DataReport, data: DataConfig) -> DataReport:
    """A moved file has the same key; the report names where it is now."""
    if data.mixture:
        return report
    own = {which: {**said, "source": _names(data, which)} for which, said in _own(report)}
    return {**report, "source": data.source, **({"own": own} if own else {})}


def _own(report: DataReport) -> list[tuple[Which, DataReport]]:
    found: dict[Which, DataReport] = report.get("own", {})
    return list(found.items())


def _names(data: DataConfig, which: Which) -> list[str]:
    return [part.source for part in held_parts(data, which)]


def _silent(line: str) -> None:
    """The progress that nobody watches."""
