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
from trainables.packing.key_values import KeyValues

WIDTH_RATIO = 0.75  # rows of one attention call are at least this share of its longest


class Share(NamedTuple):
    """A trial's part of a pass: `units` tokens of a concatenation, or rows of a batch."""

    adapter: PackedAdapter
    units: int


class Group(NamedTuple):
    """Sequences of similar length that attend in one call, as a padded (rows, width) batch.

    Token `source[i]` of the pass is token `target[i]` of the flattened batch. `mask` (rows, 1,
    width, width) says which keys a query sees; None: all up to itself.
    """

    rows: int
    width: int
    source: torch.Tensor
    target: torch.Tensor
    mask: torch.Tensor | None = None


@dataclass(frozen=True)
class Layout:
    """The shares in order, and for a concatenation the attention groups and dropout keys."""

    shares: Sequence[Share]
    groups: Sequence[Group] = ()
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


def attention_groups(lengths: Sequence[int], device: torch.device) -> list[Group]:
    """Sequences of a concatenation in groups of similar length, longest first."""
    starts = [0, *accumulate(lengths)]
    return [_group(members, starts, lengths, device) for members in _alike(lengths)]


def branching_groups(branches: Sequence[Sequence[int]], device: torch.device) -> list[Group]:
    """Groups of sequences that branch: a token of branch k > 0 sees those of branch 0, the trunk,
    and of its own branch, up to itself."""
    lengths = [len(own) for own in branches]
    starts = [0, *accumulate(lengths)]
    groups = []
    for members in _alike(lengths):
        group = _group(members, starts, lengths, device)
        mask = _branch_mask([branches[i] for i in members], group.width)
        groups.append(group._replace(mask=mask if mask is None else mask.to(device)))
    return groups


def _branch_mask(branches: Sequence[Sequence[int]], width: int) -> torch.Tensor | None:
    if not any(map(any, branches)):
        return None
    own = torch.tensor([[*row, *[0] * (width - len(row))] for row in branches])
    seen = (own[:, None, :] == 0) | (own[:, None, :] == own[:, :, None])
    return (seen & torch.ones(width, width, dtype=torch.bool).tril())[:, None]


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """Sequences by similar length, longest first; the members of each group in order."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    groups: list[list[int]] = []
    for i in order:
        if not groups or lengths[i] < WIDTH_RATIO * lengths[groups[-1][0]]:
            groups.append([])
        groups[-1].append(i)
    return [sorted(members) for members in groups]


def _group(
    members: Sequence[int], starts: Sequence[int], lengths: Sequence[int], device: torch.device
) -> Group:
    width = max(lengths[i] for i in members)
    source = [torch.arange(starts[i], starts[i] + lengths[i]) for i in members]
    target = [torch.arange(lengths[i]) + place * width for place, i in enumerate(members)]
    return Group(len(members), width, torch.cat(source).to(device), torch.cat(target).to(device))


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
