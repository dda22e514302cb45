"""Causal attention within each sequence of a concatenation, as an implementation of transformers.

Sequences are never concatenated under one mask: 0 x NaN is NaN, so a masked neighbour could poison
another trial. They attend as rows of batches padded at the end, where causality alone hides the
padding.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from trainables.packing.layout import Group, current

NAME = "medsweep_rows"
WRITTEN_OUT = 512  # tokens: longer rows would hold too many scores
Tensor = torch.Tensor


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None = None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface: query (1, heads, tokens, width) and key, value with
    as many heads or a divisor of them; the result is (1, tokens, heads, width)."""
    layout = current()
    assert layout is not None
    if layout.cache:
        layout.cache.put(module, key, value)
        if not layout.groups:
            return layout.cache.attend(module, query, scaling), None
    split = [_Split.apply(x[0].transpose(0, 1), layout.groups) for x in (query, key, value)]
    out = []
    for group, *qkv in zip(layout.groups, *split, strict=True):
        q, k, v = (x.transpose(1, 2) for x in qkv)  # (rows, heads, width, …)
        plain = not q.is_cuda and torch.is_grad_enabled() and group.width <= WRITTEN_OUT
        attention = written_out if plain else _fused
        out.append(attention(q, k, v, group.mask, scaling).transpose(1, 2))
    return _Join.apply(layout.groups, *out)[None], None


def _fused(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scaling: float | None) -> Tensor:
    shared = q.shape[1] != k.shape[1]
    return scaled_dot_product_attention(
        q, k, v, mask, is_causal=mask is None, scale=scaling, enable_gqa=shared
    )


def written_out(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scaling: float | None
) -> Tensor:
    """softmax(q kᵀ · scaling) v of q (rows, heads, width, …) where `mask` (rows, 1, width, width)
    is True, by default up to the query's own place; as transformers' eager attention.

    On a CPU its backward pass takes a third of the time of the fused kernel's.
    """
    rows, heads, width, size = q.shape
    grouped = q.reshape(rows, k.shape[1], -1, size)  # heads that share a key head, as its queries
    scores = (grouped @ k.transpose(-1, -2)).view(rows, k.shape[1], -1, width, width)
    seen = torch.ones(width, width, dtype=torch.bool).tril() if mask is None else mask[:, None]
    scores = (scores * (size**-0.5 if scaling is None else scaling)).masked_fill(~seen, -torch.inf)
    shares = scores.softmax(-1, dtype=torch.promote_types(q.dtype, torch.float32)).to(q.dtype)
    return (shares.view(*grouped.shape[:3], width) @ v).view(rows, heads, width, -1)


@contextmanager
def row_attention(model: Any) -> Iterator[None]:
    """Within, the model attends by the current layout; afterwards as before."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, attend)
    config = model.config.get_text_config()
    before = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before


def _whole(groups: Sequence[Group], tokens: int) -> bool:
    """Whether the concatenation already is one batch without padding."""
    return len(groups) == 1 and groups[0].rows * groups[0].width == tokens


def _split(x: Tensor, groups: Sequence[Group]) -> tuple[Tensor, ...]:
    """(tokens, …) → (rows, width, …) a group, zeros where padded."""
    if _whole(groups, len(x)):
        return (x.reshape(groups[0].rows, groups[0].width, *x.shape[1:]),)
    return tuple(
        x.new_zeros(g.rows * g.width, *x.shape[1:])
        .index_copy_(0, g.target, x.index_select(0, g.source))
        .view(g.rows, g.width, *x.shape[1:])
        for g in groups
    )


def _join(parts: Sequence[Tensor], groups: Sequence[Group]) -> Tensor:
    """The reverse of `_split`; what was padding is dropped."""
    inner = parts[0].shape[2:]
    tokens = sum(len(g.source) for g in groups)
    if _whole(groups, tokens):
        return parts[0].reshape(tokens, *inner)
    out = parts[0].new_empty(tokens, *inner)
    for part, g in zip(parts, groups, strict=True):
        flat = part.reshape(g.rows * g.width, *inner)
        out.index_copy_(0, g.source, flat.index_select(0, g.target))
    return out


class _Split(torch.autograd.Function):
    """Each is the other's adjoint: what is padding has no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, groups: Sequence[Group]) -> tuple[Tensor, ...]:
        ctx.groups = groups
        return _split(x, groups)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _join(gradients, ctx.groups), None


class _Join(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, groups: Sequence[Group], *parts: Tensor) -> Tensor:
        ctx.groups = groups
        return _join(parts, groups)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        return (None, *_split(gradient, ctx.groups))
