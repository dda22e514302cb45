"""Which tokens of a pass belong to which trial, and which to which sequence.

A pass is one call of the base model on rows of several trials, trial by trial. In training and loss
measurement the rows are concatenated without padding, shape (1, tokens); in generation they are the
rows of a padded batch, shape (rows, width).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import torch

from trainables.forward.adapter import PackedAdapter
from trainables.forward.bundles import Bundle, bundles
from trainables.forward.dropout import kept, threshold
from trainables.forward.groups import Groups
from trainables.forward.key_values import KeyValues


class LayoutPart(NamedTuple):
    """A trial's part of a pass: `units` tokens of a concatenation, or rows of a batch. Without an
    adapter, the base model as it is."""

    adapter: PackedAdapter | None
    units: int


@dataclass(frozen=True)
class Layout:
    """The shares in order, and for a concatenation the attention groups and dropout keys."""

    shares: Sequence[LayoutPart]
    groups: Groups | None = None
    keys: torch.Tensor | None = None  # (tokens,) int32, None: no dropout
    anchor: torch.Tensor | None = None  # requires a gradient, so that autograd visits every adapter
    # where answers are written; without groups, each row's token attends to what it holds
    cache: KeyValues | None = None
    _bundles: dict[tuple[int, ...], list[Bundle]] = field(default_factory=dict)

    def bundles(self, path: str, tokens: int) -> list[Bundle]:
        """The adapters of a module, in a pass flattened to `tokens` tokens."""
        members = [span for span in self._spans if path in span[0].sites]
        if not members:
            return []
        # the same adapters make the same bundles in every module that all of them adapt
        key = (tokens, *(start for _, start, _ in members))
        if key not in self._bundles:
            each = tokens // sum(share.units for share in self.shares)  # tokens a unit
            spans = [(adapter, start * each, end * each) for adapter, start, end in members]
            self._bundles[key] = list(bundles(spans, path, tokens, self.keys is not None))
        return self._bundles[key]

    @cached_property
    def _spans(self) -> list[tuple[PackedAdapter, int, int]]:
        """(adapter, first, end) in units, of shares that have an adapter."""
        spans, first = [], 0
        for share in self.shares:
            end = first + share.units
            if share.adapter:
                spans.append((share.adapter, first, end))
            first = end
        return spans

    def kept(self, path: str, features: int) -> torch.Tensor | None:
        """(tokens, features) of bool: what dropout leaves of a module's input; None: all."""
        return None if self.keys is None else kept(self.keys, path, features, self._limits)

    @cached_property
    def _limits(self) -> torch.Tensor:
        assert self.keys is not None
        rates = [share.adapter.dropout if share.adapter else 0 for share in self.shares]
        limits = torch.tensor([threshold(rate) for rate in rates], dtype=torch.int32)  # (shares,)
        counts = torch.tensor([share.units for share in self.shares])  # (shares,)
        return limits.repeat_interleave(counts).to(self.keys.device)  # (tokens,)


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
