"""Causal attention within each sequence of a concatenation, as an implementation of transformers.

Sequences are never concatenated under one mask: 0 x NaN is NaN, so a masked neighbour could poison
another trial. They attend as rows of batches padded at the end, where causality alone hides the
padding.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from trainables.errors import InputError
from trainables.forward.layout import current
from trainables.forward.padded import Padded
from trainables.models.attention_kinds import other_layers

NAME = "medsweep_rows"
KNOWN = "_medsweep_other_layers"  # where a model keeps what was found of it
WRITTEN_OUT = 512  # tokens: longer rows would hold too many scores


def attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: None = None,
    scaling: float | None = None,
    sliding_window: int | None = None,
    softcap: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """transformers' attention interface: query (1, heads, tokens, width) and key, value with
    as many heads or a divisor of them; the result is (1, tokens, heads, width). With a
    `sliding_window` a token sees so many places, its own among them."""
    layout = current()
    assert layout is not None
    if layout.cache:
        layout.cache.put(module, key, value)
        if not layout.groups:
            return layout.cache.attend(module, query, scaling, sliding_window, softcap), None
    groups = layout.groups
    assert groups is not None
    # (1, heads, tokens, width) → (tokens, heads, width) → a group (rows, tokens, heads, width)
    queries = _Split.apply(query[0].transpose(0, 1), groups.padded)
    keys = _Split.apply(key[0].transpose(0, 1), groups.padded)
    values = _Split.apply(value[0].transpose(0, 1), groups.padded)
    out = []
    for q, k, v, mask in zip(queries, keys, values, groups.within(sliding_window), strict=True):
        q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
        found = _attention(q, k, v, mask, scaling, softcap)
        out.append(found.transpose(1, 2))  # (rows, tokens, heads, width)
    return _Join.apply(groups.padded, *out)[None], None  # (1, tokens, heads, width)


def _attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    scaling: float | None,
    softcap: float | None,
) -> Tensor:
    """Of one group: q, k, v and the result are (rows, heads, tokens, width)."""
    plain = not q.is_cuda and torch.is_grad_enabled() and q.shape[2] <= WRITTEN_OUT
    if plain or softcap is not None:  # which torch's kernel does not know
        return written_out(q, k, v, mask, scaling, softcap)
    return _fused(q, k, v, mask, scaling)


def _fused(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, scaling: float | None) -> Tensor:
    shared = q.shape[1] != k.shape[1]
    return scaled_dot_product_attention(  # (rows, heads, tokens, width)
        q, k, v, mask, is_causal=mask is None, scale=scaling, enable_gqa=shared
    )


def written_out(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    scaling: float | None,
    softcap: float | None = None,
) -> Tensor:
    """softmax(q kᵀ · scaling) v of q (rows, heads, tokens, width) where `mask` (rows, 1, tokens,
    tokens) is True, by default up to the query's own place; as transformers' eager attention. The
    scores are held within ± `softcap` (Gemma 2, arXiv:2408.00118).

    On a CPU its backward pass takes a third of the time of the fused kernel's.
    """
    rows, heads, tokens, width = q.shape
    key_heads = k.shape[1]
    # heads that share a key head stand as its queries: (rows, key heads, sharing x tokens, width)
    grouped = q.reshape(rows, key_heads, -1, width)
    # (rows, key heads, sharing, queries, keys)
    scores = (grouped @ k.transpose(-1, -2)).view(rows, key_heads, -1, tokens, tokens)
    # (queries, keys), or (rows, 1, 1, queries, keys)
    seen = torch.ones(tokens, tokens, dtype=torch.bool).tril() if mask is None else mask[:, None]
    scores = scores * (width**-0.5 if scaling is None else scaling)
    if softcap is not None:
        scores = torch.tanh(scores / softcap) * softcap
    scores = scores.masked_fill(~seen, -torch.inf)
    shares = scores.softmax(-1, dtype=torch.promote_types(q.dtype, torch.float32)).to(q.dtype)
    # (rows, key heads, sharing x tokens, keys) x (rows, key heads, keys, width)
    mixed = shares.view(rows, key_heads, -1, tokens) @ v
    return mixed.view(rows, heads, tokens, -1)


@contextmanager
def row_attention(model: Any) -> Iterator[None]:
    """Within, the model attends by the current layout; afterwards as before. Raises InputError for
    a model whose layers would mix the texts of a pass."""
    from transformers import AttentionInterface

    if reason := _other_layers(model):
        fix = "Train it alone (cluster.trials_per_gpu: 1) by sft, dpo or grpo, without benchmarks."
        raise InputError("model.name_or_path", model.name_or_path, f"{reason}: no pack", fix)

    AttentionInterface.register(NAME, attend)
    config = model.config.get_text_config()
    before = config._attn_implementation
    config._attn_implementation = NAME
    try:
        yield
    finally:
        config._attn_implementation = before


def _other_layers(model: Any) -> str | None:
    """`other_layers`, asked once of a model."""
    if not hasattr(model, KNOWN):
        setattr(model, KNOWN, other_layers(model.config.to_dict()))
    reason: str | None = getattr(model, KNOWN)
    return reason


class _Split(torch.autograd.Function):
    """(tokens, …) → (rows, width, …) a group. Each is the other's adjoint: what is padding has no
    gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, padded: Padded) -> tuple[Tensor, ...]:
        ctx.padded = padded
        return tuple(padded.batches(x))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.padded.tokens(gradients), None


class _Join(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, padded: Padded, *parts: Tensor) -> Tensor:
        ctx.padded = padded
        return padded.tokens(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        return (None, *ctx.padded.gradients(gradient))
