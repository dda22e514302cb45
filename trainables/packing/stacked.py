"""LoRA of all trials in two batched products a module, for passes of a token a row.

A loop over trials costs two small products a trial and module, which for single tokens is more than
the base model's own work. Only without gradients and dropout.
"""

from collections.abc import Sequence

import torch

from trainables.packing.adapter import PackedAdapter

Tensor = torch.Tensor


class Stacked:
    """The adapters' matrices side by side, ranks padded with zeros, and which rows are whose.

    Trials stay apart, so that NaN of one reaches no row of another.
    """

    def __init__(self, adapters: Sequence[PackedAdapter]) -> None:
        self.adapters = list({id(a): a for a in adapters}.values())
        paths = dict.fromkeys(path for a in self.adapters for path in a.sites)
        self._sites = {path: self._stack(path) for path in paths}

    def _stack(self, path: str) -> tuple[Tensor, Tensor]:
        """A (trials, in, r) and scaled B (trials, r, out); zeros where a trial has no adapter."""
        sites = [a.sites.get(path) for a in self.adapters]
        known = next(site for site in sites if site)
        r = max(len(site.a) for site in sites if site)
        a = known.a.new_zeros(len(sites), r, known.a.shape[1])
        b = known.b.new_zeros(len(sites), known.b.shape[0], r)
        for n, (site, adapter) in enumerate(zip(sites, self.adapters, strict=True)):
            if site:
                a[n, : len(site.a)] = site.a
                b[n, :, : len(site.a)] = site.b * adapter.scale
        return a.transpose(1, 2), b.transpose(1, 2)

    def expect(self, owners: Sequence[PackedAdapter], device: torch.device) -> None:
        """The next passes have a row of each of these, trial by trial."""
        whose = torch.tensor([self._number(owner) for owner in owners])
        counts = torch.bincount(whose, minlength=len(self.adapters))
        width, first = int(counts.max()), counts.cumsum(0) - counts
        place = torch.arange(len(whose)) - first[whose]
        slots = torch.zeros(len(counts), width, dtype=torch.long)
        slots[whose, place] = torch.arange(len(whose))
        self._even = bool((counts == width).all())
        self._slots = slots.to(device)  # (trials, width): a row's number, 0 where there is none
        self._back = (whose * width + place).to(device)  # (rows,): each row's slot

    def _number(self, owner: PackedAdapter) -> int:
        return next(n for n, a in enumerate(self.adapters) if a is owner)

    def add(self, path: str, x: Tensor, out: Tensor) -> Tensor:
        """Add each row's product to `out` (…, out), x being (…, in) of as many rows."""
        if path not in self._sites:
            return out
        a, b = self._sites[path]
        flat = x.reshape(-1, x.shape[-1])
        rows = flat.view(len(a), -1, x.shape[-1]) if self._even else flat[self._slots]
        product = torch.bmm(torch.bmm(rows, a), b).flatten(0, 1)
        out.view(-1, out.shape[-1]).add_(product if self._even else product[self._back])
        return out
