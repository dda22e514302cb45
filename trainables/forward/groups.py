"""Sequences of a pass in groups of similar length: each group attends in one call."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

import torch

from trainables.forward.padded import Padded

WIDTH_RATIO = 0.75  # rows of one attention call are at least this share of its longest
Mask = torch.Tensor | None


class Groups:
    """The sequences of a concatenation as batches padded at the end, longest first.

    `branches` numbers the tokens of sequences that branch: a token of branch k > 0 sees those of
    branch 0, the trunk, and of its own branch, up to itself.

    `masks` has for each batch which keys a query sees, (rows, 1, width, width); None: all up to
    itself.
    """

    def __init__(
        self, lengths: Sequence[int], device: torch.device, branches: Sequence[Sequence[int]] = ()
    ) -> None:
        ends = list(accumulate(lengths))
        spans = [(end - length, end) for end, length in zip(ends, lengths, strict=True)]
        alike = _alike(lengths)
        self.padded = Padded([[spans[i] for i in group] for group in alike], ends[-1], device)
        self.masks: list[Mask] = [None] * len(alike)
        if branches:
            self.masks = [_mask([branches[i] for i in group], device) for group in alike]
        self._members = [[(lengths[i], branches[i] if branches else ()) for i in g] for g in alike]
        self._device, self._windows = device, dict[int, list[Mask]]()

    def within(self, window: int | None) -> list[Mask]:
        """`masks` where a query sees no more than the `window` places up to its own."""
        if window is None:
            return self.masks
        if window not in self._windows:
            pairs = zip(self.masks, self._members, strict=True)
            masks = [_windowed(mask, members, window, self._device) for mask, members in pairs]
            self._windows[window] = masks
        return self._windows[window]


def _windowed(
    mask: Mask, members: Sequence[tuple[int, Sequence[int]]], window: int, device: torch.device
) -> Mask:
    width = max(length for length, _ in members)
    if width <= window:
        return mask
    places = torch.zeros(len(members), width, dtype=torch.long)  # (rows, width)
    for row, (length, branches) in zip(places, members, strict=True):
        row[:length] = torch.tensor(_places(branches) if branches else range(length))
    near = (places[:, :, None] - places[:, None, :] < window)[:, None].to(device)
    causal = torch.ones(width, width, dtype=torch.bool, device=device).tril()  # (queries, keys)
    return near & (causal if mask is None else mask)  # (rows, 1, width, width)


def _places(branches: Sequence[int]) -> list[int]:
    """The place of each token in its own text: a branch goes on where the trunk ends."""
    counts: Counter[int] = Counter()
    trunk, places = sum(branch == 0 for branch in branches), []
    for branch in branches:
        places.append(counts[branch] + (trunk if branch else 0))
        counts[branch] += 1
    return places


def _mask(branches: Sequence[Sequence[int]], device: torch.device) -> Mask:
    if not any(map(any, branches)):
        return None
    width = max(map(len, branches))
    branch = torch.tensor([[*row, *[0] * (width - len(row))] for row in branches])  # (rows, width)
    of_key, of_query = branch[:, None, :], branch[:, :, None]  # (rows, 1, width), (rows, width, 1)
    seen = (of_key == 0) | (of_key == of_query)  # (rows, queries, keys)
    causal = torch.ones(width, width, dtype=torch.bool).tril()  # (queries, keys)
    return (seen & causal)[:, None].to(device)  # (rows, 1, width, width): the same for all heads


def _alike(lengths: Sequence[int]) -> list[list[int]]:
    """Sequences by similar length, longest first; the members of each group in order."""
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    groups: list[list[int]] = []
    for i in order:
        if not groups or lengths[i] < WIDTH_RATIO * lengths[groups[-1][0]]:
            groups.append([])
        groups[-1].append(i)
    return [sorted(members) for members in groups]
