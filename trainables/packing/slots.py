"""Tokens of several trials as one batch, a trial a row, for products of all trials at once."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

Tensor = torch.Tensor
Ints = NDArray[np.int64]


class Slots:
    """Where the trials' tokens [start, end) of a pass stand in a (trials, width, …) batch.

    An empty slot repeats its own trial's first token, so that nothing of one trial reaches another:
    0 x NaN is NaN. Neighbours with as many tokens each need no copies.
    """

    def __init__(self, spans: Sequence[tuple[int, int]], total: int, device: torch.device) -> None:
        counts = np.array([end - start for start, end in spans])
        first, last = spans[0][0], spans[-1][1]
        self.trials, self.width = len(counts), int(counts.max())
        self.whole = bool(counts.sum() == total)  # no others in the pass
        even = counts.sum() == self.trials * self.width == last - first
        self._even = slice(first, last) if even else None
        if self._even is None:
            starts = np.array([start for start, _ in spans])
            self._index(starts, counts, device)

    def _index(self, starts: Ints, counts: Ints, device: torch.device) -> None:
        place = np.arange(self.width)
        filled = place < counts[:, None]  # (trials, width)
        token = starts[:, None] + np.where(filled, place, 0)
        self._source = torch.from_numpy(token.reshape(-1)).to(device)
        self._empty = torch.from_numpy(~filled[..., None]).to(device)
        self._slot = torch.from_numpy(np.flatnonzero(filled)).to(device)
        self._token = torch.from_numpy(token[filled]).to(device)

    def batch(self, x: Tensor) -> Tensor:
        """(trials, width, …) of x (tokens, …); what stands in empty slots is not to be used."""
        chosen = x[self._even] if self._even else x.index_select(0, self._source)
        return chosen.view(self.trials, self.width, *x.shape[1:])

    def gradients(self, x: Tensor) -> Tensor:
        """As `batch`, zeros in empty slots."""
        batch = self.batch(x)
        return batch if self._even else batch.masked_fill_(self._empty, 0)

    def add_product(self, out: Tensor, left: Tensor, right: Tensor) -> None:
        """Add left (trials, width, r) x right (trials, r, features) to `out` (tokens, features)."""
        if self._even:
            self.batch(out).baddbmm_(left, right)
            return
        product = torch.bmm(left, right).flatten(0, 1).index_select(0, self._slot)
        if self.whole:
            out.add_(product)
        else:
            out.index_copy_(0, self._token, product.add_(out.index_select(0, self._token)))
