"""LoRA for all trials of a pass: what each adds to a module's output, and the gradients of it."""

from typing import Any, NamedTuple

import torch

from trainables.packing.adapter import PackedAdapter, Site
from trainables.packing.dropout import kept
from trainables.packing.layout import Layout, current


class Piece(NamedTuple):
    """A trial's tokens [start, end) at one module."""

    site: Site
    scale: float
    start: int
    end: int
    keep: torch.Tensor | None  # (tokens, in) of bool: dropout
    survival: float  # probability to be kept

    def input(self, x: torch.Tensor) -> torch.Tensor:
        """The trial's rows of x (tokens, in), after dropout."""
        return self.dropped(x[self.start : self.end])

    def dropped(self, rows: torch.Tensor) -> torch.Tensor:
        """Dropout, or its gradient: both multiply by keep / survival."""
        return rows if self.keep is None else rows * self.keep / self.survival


class LoraProducts(torch.autograd.Function):
    """out + scale · dropout(x) Aᵀ Bᵀ for each trial's tokens, in place.

    Backward adds the gradients of A and B to the trials' own buffers, in their precision, and
    gives that of x only where something below needs it.
    """

    @staticmethod
    def forward(
        ctx: Any,
        out: torch.Tensor,
        x: torch.Tensor,
        anchor: torch.Tensor | None,
        pieces: list[Piece],
    ) -> torch.Tensor:
        flat, rows = out.view(-1, out.shape[-1]), x.reshape(-1, x.shape[-1])
        hidden = []
        for piece in pieces:
            h = piece.input(rows) @ piece.site.a.T
            flat[piece.start : piece.end].addmm_(h, piece.site.b.T, alpha=piece.scale)
            hidden.append(h)
        ctx.mark_dirty(out)
        ctx.save_for_backward(x, *hidden)
        ctx.pieces = pieces
        return out

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, *hidden = ctx.saved_tensors
        rows, g = x.reshape(-1, x.shape[-1]), gradient.reshape(-1, gradient.shape[-1])
        below = torch.zeros_like(rows) if ctx.needs_input_grad[1] else None
        for piece, h in zip(ctx.pieces, hidden, strict=True):
            grad_a, grad_b = piece.site.grad_a, piece.site.grad_b
            assert grad_a is not None, "frozen adapters are not trained"
            assert grad_b is not None
            own = g[piece.start : piece.end]
            back = (own @ piece.site.b).mul_(piece.scale)  # (tokens, r)
            grad_b.add_(own.T @ h, alpha=piece.scale)
            grad_a.add_(back.T @ piece.input(rows))
            if below is not None:
                below[piece.start : piece.end] = piece.dropped(back @ piece.site.a)
        through = gradient if ctx.needs_input_grad[0] else None
        return through, None if below is None else below.view(x.shape), None, None


def attach(module: torch.nn.Module, path: str) -> Any:
    """Add the current pass's adapters to the module's output; returns the hook's handle.

    Raises RuntimeError where another pack did: every product would be added twice.
    """

    def adapt(_module: Any, inputs: tuple[torch.Tensor, ...], out: torch.Tensor) -> torch.Tensor:
        layout = current()
        if layout and layout.stacked:
            return layout.stacked.add(path, inputs[0], out)
        pieces = _pieces(layout, path, inputs[0]) if layout else []
        if not pieces:
            return out
        assert layout is not None
        result: torch.Tensor = LoraProducts.apply(out, inputs[0], layout.anchor, pieces)
        return result

    if any(hook.__qualname__ == adapt.__qualname__ for hook in module._forward_hooks.values()):
        raise RuntimeError(f"{path} belongs to another pack; close that first")
    return module.register_forward_hook(adapt)


def _pieces(layout: Layout, path: str, x: torch.Tensor) -> list[Piece]:
    tokens, features = x.numel() // x.shape[-1], x.shape[-1]
    return [
        Piece(
            adapter.sites[path],
            adapter.scale,
            start,
            end,
            _keep(layout, adapter, path, features, start, end),
            1 - adapter.dropout,
        )
        for adapter, start, end in layout.spans(tokens)
        if path in adapter.sites
    ]


def _keep(
    layout: Layout, adapter: PackedAdapter, path: str, features: int, start: int, end: int
) -> torch.Tensor | None:
    if layout.keys is None or adapter.dropout == 0:
        return None
    return kept(layout.keys[start:end], path, features, adapter.dropout)
