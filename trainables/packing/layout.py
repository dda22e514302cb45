"""Which tokens of a pass belong to which trial, and which to which sequence.

A pass is one call of the base model on rows of several trials, trial by trial. In training and loss
measurement the rows are concatenated without padding, shape (1, tokens); in generation they are the
rows of a padded batch, shape (rows, width).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

import torch

from trainables.packing.adapter import PackedAdapter
from trainables.packing.bundles import Bundle, bundles
from trainables.packing.dropout import kept, threshold
from trainables.packing.groups import Groups
from trainables.packing.key_values import KeyValues


class Share(NamedTuple):
    """A trial's part of a pass: `units` tokens of a concatenation, or rows of a batch."""

    adapter: PackedAdapter
    units: int


@dataclass(frozen=True)
class Layout:
    """The shares in order, and for a concatenation the attention groups and dropout keys."""

    shares: Sequence[Share]
    groups: Groups | None = None
    keys: torch.Tensor | None = None  # (tokens,) int32, None: no dropout
    anchor: torch.Tensor | None = None  # requires a gradient, so that autograd visits every adapter
    # where answers are written; without groups, each row's token attends to what it holds
    cache: KeyValues | None = None
    _bundles: dict[tuple[int, ...], list[Bundle]] = field(default_factory=dict)

    @property
    def units(self) -> int:
        """Tokens of the concatenation, or rows of the batch."""
        return sum(share.units for share in self.shares)

    def bundles(self, path: str, tokens: int) -> list[Bundle]:
        """The adapters of a module, in a pass flattened to `tokens` tokens."""
        members = tuple(n for n, s in enumerate(self.shares) if path in s.adapter.sites)
        if members and (tokens, *members) not in self._bundles:
            spans = list(self._spans(tokens))
            found = bundles([spans[n] for n in members], path, tokens, self.keys is not None)
            self._bundles[tokens, *members] = list(found)
        return self._bundles[tokens, *members] if members else []

    def _spans(self, tokens: int) -> Iterator[tuple[PackedAdapter, int, int]]:
        each = tokens // self.units
        ends = list(accumulate(share.units * each for share in self.shares))
        for share, start, end in zip(self.shares, [0, *ends], ends, strict=False):
            yield share.adapter, start, end

    def kept(self, path: str, features: int) -> torch.Tensor | None:
        """(tokens, features) of bool: what dropout leaves of a module's input; None: all."""
        return None if self.keys is None else kept(self.keys, path, features, self._limits)

    @cached_property
    def _limits(self) -> torch.Tensor:
        assert self.keys is not None
        each = torch.tensor([threshold(s.adapter.dropout) for s in self.shares], dtype=torch.int32)
        counts = torch.tensor([share.units for share in self.shares])
        return each.repeat_interleave(counts).to(self.keys.device)


_current: Layout | None = None  # one engine a process; autograd's own threads must see it too


def current() -> Layout | None:
    """The layout of the pass under way."""
    return _current


@contextmanager
def active(layout: Layout) -> Iterator[None]:
    """Make `layout` that of all calls of the base model within."""
    global _current
    _current, before = layout, _current
    try:
        yield
    finally:
        _current = before
