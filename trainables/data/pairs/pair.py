"""A preference: of two answers to a question, which one is better."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from trainables.data.rows import Row
from trainables.data.turns import with_answer

if TYPE_CHECKING:
    from trainables.data.pairs.config import PairSourceConfig


class PreferencePair(NamedTuple):
    """Two answers, as text.

    `id` is unique in its source and stable; pairs of the same `group` stay on one side of a split.
    `rejected_question` is the question that the rejected answer was given to, where that is another
    one (""  : the same). `source` is the name of the source in the spec.
    """

    id: str
    group: str
    question: str
    chosen: str
    rejected: str
    source: str = ""
    rejected_question: str = ""
    benchmark: bool = False  # of a test set that results are published on: not for training
    system: str = ""  # the system prompt of this pair; "": data.system_prompt
    turns: str = ""  # of a prompt of several turns, all of them as JSON: see data.turns

    def rows(self) -> tuple[Row, Row]:
        """The chosen and the rejected answer, each as a row with its question."""
        asked = self.rejected_question or self.question
        return (
            self._row("chosen", self.question, self.chosen),
            self._row("rejected", asked, self.rejected),
        )

    def _row(self, which: str, question: str, answer: str) -> Row:
        return Row(
            f"{self.id}/{which}",
            self.group,
            question,
            answer,
            component=self.source,
            system=self.system,
            turns=with_answer(self.turns, answer) if self.turns else "",
        )


class SourcePairs(NamedTuple):
    """Every pair of a source in its own order, with what must be said about where they come from.

    `dropped` counts records of which no pair was made, by reason.
    """

    pairs: list[PreferencePair]
    version: str
    citation: str | None = None
    licence: str | None = None
    dropped: Mapping[str, int] = MappingProxyType({})
    how: tuple[str, ...] = ()  # as of `SourceRows`


class PairReader(NamedTuple):
    """A kind of pair source.

    `fingerprint(config, online)` identifies the content without parsing it (None: it cannot be told
    without the network and `online` is false); `read(config, fingerprint)` gives the pairs of that
    content. Both raise InputError.
    """

    fingerprint: Callable[["PairSourceConfig", bool], str | None]
    read: Callable[["PairSourceConfig", str], SourcePairs]


def shared_start(one: str, other: str) -> str:
    """The characters that both texts begin with."""
    for n, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return one[:n]
    return min(one, other, key=len)
