"""Trials of similar rank whose adapters of a module are multiplied together.

A loop over trials costs two small products a trial and module in the forward pass and four in the
backward pass. Each is a launch, and for few tokens more than the base model's own work.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from trainables.forward.adapter import PackedAdapter
from trainables.forward.padded import Padded

LEAST = 16  # smaller ranks go together: their products take as long


class Bundle:
    """Adapters and their tokens, a trial a row. Ranks are padded with zeros to the largest."""

    def __init__(self, adapters: Sequence[PackedAdapter], padded: Padded, dropout: bool) -> None:
        self.adapters, self.padded = adapters, padded
        # dropout's 1 / survival belongs to the product as the adapter's scale does
        scales = [a.scale / (1 - a.dropout if dropout else 1) for a in adapters]
        flat = adapters[0].flat
        factors = torch.tensor(scales, dtype=flat.dtype).to(flat.device)  # (trials,)
        self._factors = factors[:, None, None]  # (trials, 1, 1)
        self._matrices: dict[str, tuple[Tensor, Tensor]] = {}

    def matrices(self, path: str) -> tuple[Tensor, Tensor]:
        """A (trials, r, in) and B (trials, out, r) of a module."""
        if path not in self._matrices:
            sites = [adapter.sites[path] for adapter in self.adapters]
            self._matrices[path] = (
                _stacked([site.a for site in sites]),
                _stacked([site.b for site in sites]),
            )
        return self._matrices[path]

    def batch(self, x: Tensor) -> Tensor:
        """(trials, width, …) of x (tokens, …); what stands in empty places is not to be used."""
        return self.padded.batches(x)[0]

    def gradients(self, x: Tensor) -> Tensor:
        """As `batch`, zeros in empty places."""
        return self.padded.gradients(x)[0]

    def add_product(self, out: Tensor, left: Tensor, right: Tensor) -> None:
        """Add left (trials, width, r) x right (trials, r, features) to `out` (tokens, features)."""
        if self.padded.even:
            self.batch(out).baddbmm_(left, right)
        else:
            self.padded.add(out, [torch.bmm(left, right)])

    def scaled(self, x: Tensor) -> Tensor:
        """x (trials, …, …) times each trial's scale, in place."""
        return x.mul_(self._factors)

    def add_gradients(self, path: str, grad_a: Tensor, grad_b: Tensor) -> None:
        """Add (trials, r, in) and (trials, out, r) to the trials' own gradients."""
        sites = [adapter.sites[path] for adapter in self.adapters]
        self._add([site.grad_a for site in sites], grad_a)
        self._add([site.grad_b for site in sites], grad_b)

    def _add(self, buffers: Sequence[Tensor | None], gradient: Tensor) -> None:
        """Add gradient (trials, rows, columns) to each trial's buffer, which may be smaller."""
        trained = [buffer for buffer in buffers if buffer is not None]
        assert len(trained) == len(buffers), "frozen adapters are not trained"
        exact = gradient.to(self._factors.dtype)
        torch._foreach_add_(trained, _corners(exact, trained))


def bundles(
    shares: Sequence[tuple[PackedAdapter, int, int]], path: str, total: int, dropout: bool
) -> Iterator[Bundle]:
    """Of `shares` (adapter, start, end) that adapt the module, in a pass of `total` tokens.

    Ranks between two powers of 2 go together: one of 128 would make all others pay.
    """
    alike: dict[int, list[tuple[PackedAdapter, int, int]]] = defaultdict(list)
    for share in shares:
        rank = len(share[0].sites[path].a)  # of A (r, in)
        alike[max(LEAST, 1 << (rank - 1).bit_length())].append(share)
    for members in alike.values():
        adapters = [adapter for adapter, _, _ in members]
        spans = [(start, end) for _, start, end in members]
        yield Bundle(adapters, Padded([spans], total, adapters[0].flat.device), dropout)


def _stacked(matrices: Sequence[Tensor]) -> Tensor:
    """(trials, rows, columns), zeros where a matrix is smaller than the largest."""
    if len(matrices) == 1:
        return matrices[0][None]
    if len({m.shape for m in matrices}) == 1:
        return torch.stack(list(matrices))
    rows = max(m.shape[0] for m in matrices)
    columns = max(m.shape[1] for m in matrices)
    out = matrices[0].new_zeros(len(matrices), rows, columns)
    torch._foreach_copy_(_corners(out, matrices), list(matrices))
    return out


def _corners(padded: Tensor, matrices: Sequence[Tensor]) -> list[Tensor]:
    """Of each of `padded` (trials, rows, columns), as much as its matrix is large."""
    return [x[: len(m), : m.shape[1]] for x, m in zip(padded, matrices, strict=True)]
