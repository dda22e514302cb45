"""Stretches of a pass as padded batches, for one operation on all of them."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Ints = NDArray[np.int64]


class Padded:
    """Tokens (tokens, …) as batches (rows, width, …), a stretch [start, end) of them a row.

    An empty place repeats its own row's first token, so that nothing passes from row to row: 0 x
    NaN is NaN. Stretches of one length that follow one another are not copied.
    """

    def __init__(
        self, batches: Sequence[Sequence[tuple[int, int]]], total: int, device: torch.device
    ) -> None:
        placed = [_places(spans) for spans in batches]  # a batch: two of (rows, width)
        self.shapes = [token.shape for token, _ in placed]
        # (slots,) of all batches, one slot a place: which token stands there, and whether it is its
        # own or fills up the row
        token = np.concatenate([token.ravel() for token, _ in placed])
        filled = np.concatenate([filled.ravel() for _, filled in placed])
        self.whole = bool(filled.sum() == total)  # no other tokens in the pass
        follows = token[0] + np.arange(len(token))
        self.even = bool(filled.all() and (token == follows).all())
        self._range = slice(int(token[0]), int(token[0]) + len(token))
        if not self.even:
            order = np.argsort(token[filled])  # (stretches' tokens,): the pass's order
            self._source = torch.from_numpy(token).to(device)  # (slots,)
            self._empty = torch.from_numpy(~filled).to(device)  # (slots,)
            # (stretches' tokens,) each: the slot of a token, and its place in the pass
            self._slot = torch.from_numpy(np.flatnonzero(filled)[order]).to(device)
            self._token = torch.from_numpy(token[filled][order]).to(device)

    def batches(self, x: Tensor) -> list[Tensor]:
        """(rows, width, …) each of x (tokens, …); what stands in empty places is not to be used."""
        return self._cut(x[self._range] if self.even else x.index_select(0, self._source))

    def gradients(self, x: Tensor) -> list[Tensor]:
        """As `batches`, zeros in empty places."""
        if self.even:
            return self.batches(x)
        empty = self._empty.view(-1, *[1] * (x.dim() - 1))  # (slots, 1, …): broadcast over x's rest
        return self._cut(x.index_select(0, self._source).masked_fill_(empty, 0))

    def tokens(self, batches: Sequence[Tensor]) -> Tensor:
        """(tokens, …) of all stretches in the pass's order: the reverse of `batches`."""
        flat = [batch.flatten(0, 1) for batch in batches]  # (rows x width, …) each
        joined = flat[0] if len(flat) == 1 else torch.cat(flat)
        return joined if self.even else joined.index_select(0, self._slot)

    def add(self, out: Tensor, batches: Sequence[Tensor]) -> None:
        """Add batches to their places in `out` (tokens, …)."""
        added = self.tokens(batches)
        if self.whole:
            out.add_(added)
        elif self.even:
            out[self._range].add_(added)
        else:
            out.index_copy_(0, self._token, added.add_(out.index_select(0, self._token)))

    def _cut(self, flat: Tensor) -> list[Tensor]:
        parts = flat.split([rows * width for rows, width in self.shapes])  # (rows x width, …) each
        features = flat.shape[1:]
        return [
            part.view(rows, width, *features)
            for part, (rows, width) in zip(parts, self.shapes, strict=True)
        ]


def _places(spans: Sequence[tuple[int, int]]) -> tuple[Ints, NDArray[np.bool_]]:
    """(rows, width) of the tokens that stand there, and whether they do not repeat the first."""
    bounds = np.array(spans, dtype=np.int64)  # (rows, 2)
    starts, ends = bounds[:, :1], bounds[:, 1:]  # (rows, 1) each
    place = np.arange((ends - starts).max())  # (width,)
    filled = place < ends - starts  # (rows, width)
    return starts + np.where(filled, place, 0), filled
