"""From the names of pair sources to tokenised pairs, once, in the cache.

Rows 2i and 2i + 1 are the chosen and the rejected answer of pair i. As with rows, the test split is
sealed and private pairs are never written (`trainables.data.prepare`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.cache import locked
from trainables.data.discreet import discreet
from trainables.data.entries import DataReport, entry_folder, read_entry, read_report, write_entry
from trainables.data.held_out import HELD, Which, at_held, held_label, held_parts
from trainables.data.keys import FORMAT, Fingerprints, digest, held_fingerprints
from trainables.data.lengths import Lengths
from trainables.data.pairs.build import CHATS, PairSplits, build_pairs
from trainables.data.pairs.config import PairsConfig, PairSourceConfig, private_sources
from trainables.data.pairs.pair import PreferencePair
from trainables.data.pairs.registry import reader_of
from trainables.data.token_rows import TokenRows, from_table, to_table, token_rows
from trainables.data.tokenise import encoded_rows, nothing_left, with_control_text
from trainables.errors import InputError
from trainables.on_progress import OnProgress

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedTokenizerBase

OWN = {"name", "fields", "limit", "split_limit", "allow_benchmark_training"}


class PreparedPairs(NamedTuple):
    """Pairs as token rows, and the data report."""

    key: str
    train: TokenRows
    validation: TokenRows
    unseen: TokenRows | None
    report: DataReport


def prepare_pairs(
    data: PairsConfig,
    tokenizer_source: Callable[[], "PreTrainedTokenizerBase"],
    tokenizer_key: str,
    lengths: Lengths,
    progress: OnProgress,
) -> PreparedPairs:
    """Tokenised pairs, from the cache or made and put there; as `trainables.data.prepare.prepare`.

    A pair of which one answer is cut away, or whose rows are equal after truncation, is dropped and
    counted. Raises InputError.
    """
    fingerprints = _fingerprints(data, online=True)
    key = _key(data, fingerprints, tokenizer_key, lengths)

    def make() -> PreparedPairs:
        splits = build_pairs(data, fingerprints, progress)
        return tokenised(key, splits, tokenizer_source(), data.system_prompt, lengths, progress)

    if hidden := private_sources(data):
        with discreet(data, True):
            made = make()
        apart = None if made.unseen is None else made.unseen.hiding(hidden)
        return made._replace(validation=made.validation.hiding(hidden), unseen=apart)
    folder = _folder(key)
    with locked(folder):
        entry = read_entry(folder)
        if entry is None:
            made = make()
            tables = {"train": made.train, "validation": made.validation, "unseen": made.unseen}
            found = {name: to_table(rows) for name, rows in tables.items() if rows is not None}
            write_entry(folder, found, made.report)
            return made
    tables, report = entry
    parts = {name: from_table(table) for name, table in tables.items()}
    rows = parts["train"], parts["validation"], parts.get("unseen")
    return PreparedPairs(of_chats(key, report), *rows, report)


def _folder(key: str) -> "Path":
    """Where the tokens are kept: not where releases kept them that made transcripts of chats."""
    return entry_folder("tokens", digest([key, "chats"]))


def of_chats(key: str, report: DataReport) -> str:
    """What identifies the rows: another one than in those releases, where they are others."""
    return digest([key, CHATS]) if report.get(CHATS) else key


def cached_pairs_report(
    data: PairsConfig, tokenizer_key: str | None, lengths: Lengths | None
) -> DataReport | None:
    """The counts, if `prepare_pairs` made them before; uses no network."""
    try:
        fingerprints = _fingerprints(data, online=False)
    except InputError:
        return None
    if tokenizer_key is None or lengths is None:
        return None
    return read_report(_folder(_key(data, fingerprints, tokenizer_key, lengths)))


def tokenised(
    key: str,
    splits: PairSplits,
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    lengths: Lengths,
    progress: OnProgress,
) -> PreparedPairs:
    """The splits as token rows, and the report with what truncation did. Raises InputError where
    no pair is left of training or validation."""
    made = {
        name: _tokenise(getattr(splits, name), tokenizer, system_prompt, lengths, name, progress)
        for name in ("train", "validation", "unseen")
    }
    for name in ("train", "validation"):
        if not len(made[name].rows):
            raise nothing_left(f"pair of two different answers in {name}", lengths, name)
    report: dict[str, Any] = {
        **splits.report,
        "dropped": {
            **splits.report["dropped"],
            "no_answer_left": {name: found.no_answer_left for name, found in made.items()},
            "equal_after_truncation": {name: found.equal for name, found in made.items()},
        },
        "kept": {
            **splits.report["kept"],
            **{name: len(found.rows) // 2 for name, found in made.items()},
        },
        "tokens": {
            **{name: len(found.rows.tokens) for name, found in made.items()},
            "answer_train": made["train"].rows.answer_tokens(),
            "longest": max(int(f.rows.lengths().max(initial=0)) for f in made.values()),
        },
        "truncated": {name: found.truncated for name, found in made.items()},
        "control_text": {name: found.control_text for name, found in made.items()},
        **lengths.told,
    }
    train, validation, unseen = (found.rows for found in made.values())
    own = of_chats(key, report)
    return PreparedPairs(own, train, validation, unseen if len(unseen) else None, report)


class _Tokenised(NamedTuple):
    """Rows of pairs; how many rows were cut, and how many pairs went for either reason."""

    rows: TokenRows
    truncated: int
    no_answer_left: int
    equal: int
    control_text: int


def _tokenise(
    pairs: Sequence[PreferencePair],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    lengths: Lengths,
    name: str,
    progress: OnProgress,
) -> _Tokenised:
    rows = [row for pair in pairs for row in pair.rows()]
    encoded = encoded_rows(rows, tokenizer, system_prompt, lengths.of(name), name, progress)
    kept, lost, equal = [], 0, 0
    for at in range(0, len(rows), 2):
        chosen, rejected = encoded[at], encoded[at + 1]
        if chosen is None or rejected is None:
            lost += 1
        elif chosen.input_ids == rejected.input_ids:
            equal += 1
        else:
            kept += [(rows[at], chosen), (rows[at + 1], rejected)]
    table = token_rows([row for row, _ in kept], [item for _, item in kept])
    controls = with_control_text([row for row, _ in kept], tokenizer)
    return _Tokenised(table, sum(item.truncated for _, item in kept), lost, equal, controls)


def online_pair_fingerprints(data: PairsConfig) -> Fingerprints:
    """What identifies the sources' content; asks the network if need be. Raises InputError."""
    return _fingerprints(data, online=True)


def pair_token_rows(
    pairs: Sequence[PreferencePair],
    tokenizer: "PreTrainedTokenizerBase",
    system_prompt: str | None,
    lengths: Lengths,
    name: str,
    progress: OnProgress,
) -> TokenRows:
    """Pairs as token rows, without those that truncation leaves nothing to compare of."""
    rows = _tokenise(pairs, tokenizer, system_prompt, lengths, name, progress).rows
    if not len(rows):
        raise nothing_left(f"pair of two different answers in {name}", lengths, name)
    return rows


def _fingerprints(data: PairsConfig, online: bool) -> Fingerprints:
    own = {s.label: _fingerprint(s, online) for s in (*data.seen, *data.unseen)}
    for which in HELD:
        for label, part in apart_pairs(data, which):
            own[label] = _held_fingerprint(part, which, online)
    return own


def apart_pairs(data: PairsConfig, which: Which) -> Iterator[tuple[str, PairSourceConfig]]:
    """Every section of pairs apart by its label: those of the sources, and of a whole mixture."""
    named: list[tuple[str, PairSourceConfig]] = [(s.label, s) for s in data.seen]
    for name, source in [*named, *([("", data)] if data.mixture else ())]:
        for number, part in enumerate(held_parts(source, which)):
            yield held_label(name, which, number), part


def _held_fingerprint(part: PairSourceConfig, which: Which, online: bool) -> str:
    try:
        return _fingerprint(part, online)
    except InputError as error:
        raise at_held(error, which) from error


def _fingerprint(source: PairSourceConfig, online: bool) -> str:
    found = reader_of(source).fingerprint(source, online)
    if found is None:
        raise InputError("data.source", source.source, "its version cannot be told")
    return found


def _key(
    data: PairsConfig, fingerprints: Fingerprints, tokenizer_key: str, lengths: Lengths
) -> str:
    """24 hex digits over all that decides which pairs are in which split, and their tokens."""
    parts = [
        [
            [
                *(s.label, fingerprints[s.label], s.model_dump(mode="json", include=OWN)),
                *held_fingerprints(s.label, s, fingerprints),
            ]
            for s in sources
        ]
        for sources in (data.seen, data.unseen)
    ]
    shared = [data.seed, data.split, data.system_prompt]
    shared += [] if data.validation_seed is None else [data.validation_seed]
    whole = held_fingerprints("", data, fingerprints) if data.mixture else []
    own = [[whole, data.fields.model_dump(mode="json")]] if whole else []
    return digest([FORMAT, "pairs", parts, shared, tokenizer_key, *lengths.key, *own])
