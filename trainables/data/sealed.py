"""The test rows, for whoever opens them once the search is over. Nothing that trials call is here.

They are made anew from the source, never stored, and must be the very rows that were sealed: their
SHA-256 is in the data report (`test_sha256`).
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from trainables.data.build import build_all, rows_sha256
from trainables.data.config import DataConfig
from trainables.data.keys import online_fingerprints
from trainables.data.lengths import Lengths
from trainables.data.pairs.build import build_all_pairs
from trainables.data.pairs.config import AnyData
from trainables.data.pairs.prepare import online_pair_fingerprints, pair_token_rows
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows
from trainables.data.tokenise import tokenise
from trainables.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TEST = "test"


class OpenedRows(NamedTuple):
    """Test rows as a model reads them, and the hash of their texts."""

    rows: TokenRows
    sha256: str


def open_test(
    data: AnyData,
    tokenizer: "PreTrainedTokenizerBase",
    lengths: Lengths,
    sealed: Collection[str],
) -> OpenedRows:
    """The test rows of a data section as a model reads them; of pairs, chosen and rejected in turn.

    `sealed` are the hashes that the run recorded. Raises InputError where there are no test rows,
    or where they are others by now.
    """
    if not isinstance(data, DataConfig):
        pairs = build_all_pairs(data, online_pair_fingerprints(data), _silent).test
        sha256 = _checked([row for pair in pairs for row in pair.rows()], sealed)
        prompt = data.system_prompt
        opened = pair_token_rows(pairs, tokenizer, prompt, lengths, TEST, _silent)
        return OpenedRows(opened, sha256)
    rows = build_all(data, online_fingerprints(data), _silent).test
    sha256 = _checked(rows, sealed)
    prompt, turns = data.system_prompt, data.loss_turns
    opened = tokenise(rows, tokenizer, prompt, lengths, TEST, _silent, turns).rows
    return OpenedRows(opened, sha256)


def _checked(rows: Sequence[Row], sealed: Collection[str]) -> str:
    if not rows:
        fix = "Name test rows in data.test, or give data.split a third share, and run it again."
        raise InputError("data.test", None, "the run kept no test rows", fix)
    sha256 = rows_sha256(rows)
    if sha256 not in sealed:
        message = "the test rows are no longer those that were sealed when the run began"
        fix = "Put the files back as they were; data.json has the hash (test_sha256)."
        raise InputError("data.test", None, message, fix)
    return sha256


def _silent(line: str) -> None:
    """Nobody watches."""
