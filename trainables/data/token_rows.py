"""Tokenised rows, as a few flat arrays: quick to save, to load and to send to another process."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainables.errors import InputError

if TYPE_CHECKING:
    from trainables.data.chat_format import Encoded
    from trainables.data.rows import Row


LEARNT = "learnt"  # a column that only tables of chats have


@dataclass(frozen=True, eq=False)
class TokenRows:
    """n rows of question and answer, tokenised.

    Row i is `tokens[offsets[i]:offsets[i + 1]]`; its prompt is the first `answer_start[i]` of them
    and the rest is supervised. `answer_bytes[i]` are the UTF-8 bytes of answer text that the
    supervised tokens cover (fewer than the reference's where the row was truncated).
    """

    tokens: NDArray[np.int32]  # (total,)
    offsets: NDArray[np.int64]  # (n + 1,)
    answer_start: NDArray[np.int32]  # (n,), counted from the row's first token
    answer_bytes: NDArray[np.int64]  # (n,)
    ids: list[str]
    groups: list[str]
    questions: list[str]
    references: list[str]  # the answers, whole
    components: list[str] = field(default_factory=list)  # of a mixture; else empty
    hidden: frozenset[str] = frozenset()  # private components ("": all): never shown
    about: list[str] = field(default_factory=list)  # data.about, JSON a row; empty where none has
    # (total,) which tokens are supervised, where chats have answers before the last; None: those
    # from `answer_start` on
    learnt: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.ids)

    def row(self, index: int) -> NDArray[np.int32]:
        """All tokens of a row, prompt and answer."""
        return self.tokens[self.offsets[index] : self.offsets[index + 1]]

    def prompt(self, index: int) -> NDArray[np.int32]:
        """The tokens of a row that come before its answer."""
        return self.row(index)[: self.answer_start[index]]

    def supervised(self, index: int) -> NDArray[np.int64]:
        """The places of a row's supervised tokens, counted from its first token."""
        if self.learnt is None:
            return np.arange(self.answer_start[index], self.lengths()[index], dtype=np.int64)
        return np.flatnonzero(self.learnt[self.offsets[index] : self.offsets[index + 1]])

    def answer_counts(self) -> NDArray[np.int64]:
        """(n,) supervised tokens a row."""
        if self.learnt is None:
            return self.lengths() - self.answer_start
        before = np.concatenate([[0], np.cumsum(self.learnt, dtype=np.int64)])
        return np.diff(before[self.offsets])

    def lengths(self) -> NDArray[np.int64]:
        """(n,) tokens a row."""
        return np.diff(self.offsets)

    def answer_tokens(self) -> int:
        """Supervised tokens in all rows."""
        return int(self.answer_counts().sum())

    def component(self, index: int) -> str:
        """The part of the mixture that a row is from; "" where there is no mixture."""
        return self.components[index] if self.components else ""

    def hiding(self, components: frozenset[str]) -> "TokenRows":
        """The same rows, of which those of the components must not be shown."""
        return replace(self, hidden=components)

    def with_questions(self) -> "TokenRows":
        """The rows that ask something: all but plain text."""
        asking = [place for place, question in enumerate(self.questions) if question]
        return self if len(asking) == len(self) else self.take(asking)

    def check_questions(self) -> None:
        """Raises InputError where a row is plain text: nobody can answer that."""
        silent = len(self) - len(self.with_questions())
        if silent:
            message = f"has {silent} of {len(self)} rows without a question, which cannot be asked"
            raise InputError("data", None, message, "Leave data of plain text out")

    def take(self, places: Sequence[int]) -> "TokenRows":
        """The rows at these places, in this order; a place may occur several times."""
        rows = [self.row(place) for place in places]
        chosen = np.array(places, np.int64)
        return TokenRows(
            np.concatenate(rows) if rows else self.tokens[:0],
            np.cumsum([0, *map(len, rows)], dtype=np.int64),
            self.answer_start[chosen],
            self.answer_bytes[chosen],
            [self.ids[place] for place in places],
            [self.groups[place] for place in places],
            [self.questions[place] for place in places],
            [self.references[place] for place in places],
            [self.components[place] for place in places] if self.components else [],
            self.hidden,
            [self.about[place] for place in places] if self.about else [],
            self._learnt_of(places),
        )

    def _learnt_of(self, places: Sequence[int]) -> NDArray[np.bool_] | None:
        if self.learnt is None:
            return None
        rows = [self.learnt[self.offsets[n] : self.offsets[n + 1]] for n in places]
        return np.concatenate(rows) if rows else self.learnt[:0]

    def head(self, n: int | None) -> "TokenRows":
        """The first `n` rows (all, where there are fewer or `n` is None)."""
        if n is None or n >= len(self):
            return self
        return TokenRows(
            self.tokens[: self.offsets[n]],
            self.offsets[: n + 1],
            self.answer_start[:n],
            self.answer_bytes[:n],
            self.ids[:n],
            self.groups[:n],
            self.questions[:n],
            self.references[:n],
            self.components[:n],
            self.hidden,
            self.about[:n],
            None if self.learnt is None else self.learnt[: self.offsets[n]],
        )

    def save(self, path: Path) -> None:
        """Write a Parquet file, a row a row."""
        import pyarrow.parquet as pq

        pq.write_table(to_table(self), path)

    @staticmethod
    def load(path: Path) -> "TokenRows":
        """Read what `save` wrote."""
        import pyarrow.parquet as pq

        return from_table(pq.read_table(path))


def token_rows(rows: list["Row"], encoded: list["Encoded"]) -> TokenRows:
    """TokenRows of rows and their tokens, in the same order."""
    lengths = [len(item.input_ids) for item in encoded]
    flat = (token for item in encoded for token in item.input_ids)
    return TokenRows(
        np.fromiter(flat, np.int32, sum(lengths)),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64),
        np.array([item.answer_start for item in encoded], np.int32),
        np.array([item.answer_bytes for item in encoded], np.int64),
        [row.id for row in rows],
        [row.group for row in rows],
        [row.question for row in rows],
        [row.answer for row in rows],
        [row.component for row in rows] if any(row.component for row in rows) else [],
        about=[row.about for row in rows] if any(row.about for row in rows) else [],
        learnt=_learnt(encoded),
    )


def _learnt(encoded: list["Encoded"]) -> NDArray[np.bool_] | None:
    if not any(item.earlier for item in encoded):
        return None
    masks = []
    for item in encoded:
        mask = np.zeros(len(item.input_ids), np.bool_)
        for start, end in (*item.earlier, (item.answer_start, len(mask))):
            mask[start:end] = True
        masks.append(mask)
    return np.concatenate(masks)


def to_table(rows: TokenRows) -> Any:
    """A pyarrow Table with a column an attribute; `tokens` is a list column."""
    import pyarrow as pa

    return pa.table(
        {
            "id": rows.ids,
            "group": rows.groups,
            "question": rows.questions,
            "reference": rows.references,
            "component": rows.components or [""] * len(rows),
            "about": rows.about or [""] * len(rows),
            "answer_start": rows.answer_start,
            "answer_bytes": rows.answer_bytes,
            "tokens": pa.LargeListArray.from_arrays(rows.offsets, rows.tokens),
            **({} if rows.learnt is None else {LEARNT: _lists(rows.offsets, rows.learnt)}),
        }
    )


def _lists(offsets: NDArray[np.int64], values: NDArray[np.bool_]) -> Any:
    import pyarrow as pa

    return pa.LargeListArray.from_arrays(offsets, pa.array(values))


def from_table(table: Any) -> TokenRows:
    """The inverse of `to_table`; the arrays are copies and can be written to."""
    lists = table.column("tokens").combine_chunks()
    offsets = np.array(lists.offsets, np.int64)
    components, about = (table.column(name).to_pylist() for name in ("component", "about"))
    return TokenRows(
        np.array(lists.flatten(), np.int32),
        offsets - offsets[0],
        np.array(table.column("answer_start"), np.int32),
        np.array(table.column("answer_bytes"), np.int64),
        table.column("id").to_pylist(),
        table.column("group").to_pylist(),
        table.column("question").to_pylist(),
        table.column("reference").to_pylist(),
        components if any(components) else [],
        about=about if any(about) else [],
        learnt=_mask(table),
    )


def _mask(table: Any) -> NDArray[np.bool_] | None:
    if LEARNT not in table.column_names:
        return None
    return np.array(table.column(LEARNT).combine_chunks().flatten().to_numpy(False), np.bool_)
