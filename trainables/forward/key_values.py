"""Keys and values of every attention layer while answers are written, row by row."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


class KeyValues:
    """What the tokens of `rows` answers so far left behind: each row from its place 0 on.

    A row's memory is its own (masked places hold zeros or what the row itself wrote), so that NaN
    cannot cross: 0 x NaN is NaN.
    """

    def __init__(self, rows: int, width: int) -> None:
        self.rows, self.width = rows, width
        # keys and values of each layer, (rows, heads, places, width) each
        self._layers: dict[Any, tuple[Tensor, Tensor]] = {}

    def expect(self, row: Tensor, place: Tensor) -> None:
        """Say where the tokens of the next pass belong: (tokens,) each."""
        self._row, self._place = row, place

    def expect_one_each(self, lengths: Tensor, dtype: torch.dtype) -> None:
        """The next pass has one token of every row, at its place `lengths`."""
        self.expect(torch.arange(self.rows, device=lengths.device), lengths)
        self._dtype, self._masks = dtype, dict[int | None, Tensor]()

    def _mask(self, window: int | None) -> Tensor:
        """(rows, 1, 1, places) to add to scores: what a row's token does not see is -inf."""
        if window not in self._masks:
            places = torch.arange(self.width, device=self._place.device)
            last = self._place[:, None]  # (rows, 1)
            hidden = places > last  # (rows, places)
            if window is not None:
                hidden |= places <= last - window
            mask = torch.zeros(hidden.shape, dtype=self._dtype, device=hidden.device)
            self._masks[window] = mask.masked_fill_(hidden, -torch.inf)[:, None, None]
        return self._masks[window]

    def put(self, layer: Any, key: Tensor, value: Tensor) -> None:
        """Keep keys and values (1, heads, tokens, width) of the pass under way."""
        if layer not in self._layers:
            self._layers[layer] = self._empty(key), self._empty(value)
        keys, values = self._layers[layer]
        # at (tokens,) pairs of row and place: (tokens, heads, width)
        keys[self._row, :, self._place] = key[0].transpose(0, 1)
        values[self._row, :, self._place] = value[0].transpose(0, 1)

    def _empty(self, like: Tensor) -> Tensor:
        return like.new_zeros(self.rows, like.shape[1], self.width, like.shape[3])

    def attend(
        self,
        layer: Any,
        query: Tensor,
        scaling: float | None,
        window: int | None = None,
        softcap: float | None = None,
    ) -> Tensor:
        """(1, rows, heads, width): each row's query (1, heads, rows, width) over its own places,
        of a `window` the last so many."""
        keys, values = self._layers[layer]  # whole: a slice would be copied
        # the query heads that share a key head stand as its queries: nothing is repeated.
        # (rows, heads, width) → (rows, key heads, sharing, width)
        grouped = query[0].transpose(0, 1).reshape(self.rows, keys.shape[1], -1, query.shape[-1])
        found = _attention(grouped, keys, values, self._mask(window), scaling, softcap)
        return found.reshape(1, self.rows, query.shape[1], -1)

    def keep(self, rows: Tensor) -> None:
        """Forget all rows but these."""
        self.rows = len(rows)
        for layer, (keys, values) in self._layers.items():
            self._layers[layer] = keys.index_select(0, rows), values.index_select(0, rows)


def token_bytes(model: Any) -> int:
    """Bytes of one token's keys and values in all layers."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    shared = getattr(config, "num_key_value_heads", None) or heads
    return int(2 * config.num_hidden_layers * shared * width * model.dtype.itemsize)


def _attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor,
    scaling: float | None,
    softcap: float | None,
) -> Tensor:
    """softmax(q kᵀ · scaling + mask) v, all (rows, heads, …). On a CPU written out, as in
    transformers' eager attention: torch's kernel for it takes three times as long for one token."""
    if query.is_cuda and softcap is None:
        return scaled_dot_product_attention(query, keys, values, mask, scale=scaling)
    scores = query @ keys.transpose(-1, -2)  # (rows, key heads, sharing, places)
    scores.mul_(query.shape[-1] ** -0.5 if scaling is None else scaling)
    if softcap is not None:
        scores.div_(softcap).tanh_().mul_(softcap)
    return scores.add_(mask).softmax(-1) @ values
