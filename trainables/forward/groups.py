"""Sequences of a pass in groups of similar length: each group attends in one call."""

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
