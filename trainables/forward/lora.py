"""LoRA for all trials of a pass: what each adds to a module's output, and the gradients of it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from trainables.forward.bundles import Bundle
from trainables.forward.layout import current


class LoraProducts(torch.autograd.Function):
    """out + scale · dropout(x) Aᵀ Bᵀ for each trial's tokens, in place.

    `keep` (tokens, in) says what dropout leaves. Backward adds the gradients of A and B to the
    trials' own buffers, in their precision, and gives that of x only where something below needs
    it.
    """

    @staticmethod
    def forward(
        ctx: Any,
        out: Tensor,
        x: Tensor,
        anchor: Tensor | None,
        path: str,
        bundles: Sequence[Bundle],
        keep: Tensor | None,
    ) -> Tensor:
        flat = out.view(-1, out.shape[-1])  # (tokens, out): a view, so that `out` changes
        rows = _dropped(x.reshape(-1, x.shape[-1]), keep)  # (tokens, in)
        used: list[Tensor] = []
        for bundle in bundles:
            a, b = bundle.matrices(path)  # (trials, r, in), (trials, out, r)
            # (trials, width, in) x (trials, in, r) → (trials, width, r)
            h = bundle.scaled(torch.bmm(bundle.batch(rows), a.transpose(1, 2)))
            bundle.add_product(flat, h, b.transpose(1, 2))  # x (trials, r, out) → (tokens, out)
            used += (a, b, h)
        ctx.mark_dirty(out)
        ctx.save_for_backward(x, keep, *used)
        ctx.path, ctx.bundles = path, bundles
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, keep, *used = ctx.saved_tensors
        rows = _dropped(x.reshape(-1, x.shape[-1]), keep)  # (tokens, in)
        g = gradient.reshape(-1, gradient.shape[-1])  # (tokens, out)
        below = torch.zeros_like(rows) if ctx.needs_input_grad[1] else None  # (tokens, in)
        for number, bundle in enumerate(ctx.bundles):
            a, b, h = used[3 * number : 3 * number + 3]  # as `forward` kept them
            slope = bundle.gradients(g)  # (trials, width, out)
            back = bundle.scaled(torch.bmm(slope, b))  # (trials, width, r)
            grad_a = torch.bmm(back.transpose(1, 2), bundle.batch(rows))  # (trials, r, in)
            grad_b = torch.bmm(slope.transpose(1, 2), h)  # (trials, out, r)
            bundle.add_gradients(ctx.path, grad_a, grad_b)
            if below is not None:
                bundle.add_product(below, back, a)  # (tokens, in)
        through = gradient if ctx.needs_input_grad[0] else None
        if below is not None:
            below = _dropped(below, keep).view(x.shape)
        return through, below, None, None, None, None


def _dropped(rows: Tensor, keep: Tensor | None) -> Tensor:
    """Dropout but for its 1 / survival, or its gradient."""
    return rows if keep is None else rows * keep


def attach(module: torch.nn.Module, path: str) -> Any:
    """Add the current pass's adapters to the module's output; returns the hook's handle.

    Raises RuntimeError where another pack did: every product would be added twice.
    """

    def adapt(_module: Any, inputs: tuple[Tensor, ...], out: Tensor) -> Tensor:
        layout, x = current(), inputs[0]
        bundles = layout.bundles(path, x.numel() // x.shape[-1]) if layout else []
        if not bundles:
            return out
        assert layout is not None
        keep = layout.kept(path, x.shape[-1])
        result: Tensor = LoraProducts.apply(out, x, layout.anchor, path, bundles, keep)
        return result

    if any(hook.__qualname__ == adapt.__qualname__ for hook in module._forward_hooks.values()):
        raise RuntimeError(f"{path} belongs to another pack; close that first")
    return module.register_forward_hook(adapt)
