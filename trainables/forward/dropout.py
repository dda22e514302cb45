"""Dropout without a generator: whether an element stays is a hash of what it is.

So a mask is the same where a layer is recomputed, after a resume, or in another pack. The hash is
`lowbias32` (C. Wellons, https://github.com/skeeto/hash-prospector), whose 32 bits each flip with
probability 1/2 when an input bit flips.
"""

import zlib
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.seeds import derived_seed

FIRST, SECOND, GOLDEN = 0x7FEB352D, 0x846CA68B, 0x9E3779B9


def token_keys(seed: int, step: int, rows: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    """A 32-bit key for each token of a trial's rows, given as (place in the step, tokens)."""
    keys = [  # (the row's tokens,) each: a row's word, and counted on from there
        derived_seed("dropout", seed, step, place) % 2**32 + np.arange(tokens, dtype=np.uint64)
        for place, tokens in rows
    ]
    return _mixed(np.concatenate(keys).astype(np.uint32)).view(np.int32)  # (tokens,)


def threshold(p: float) -> int:
    """What `kept` compares with for a dropout of p in [0, 1), with a resolution of 2^-32."""
    return round(p * 2**32) - 2**31


def kept(keys: torch.Tensor, path: str, features: int, limits: torch.Tensor) -> torch.Tensor:
    """(tokens, features) of bool, each True with its token's probability 1 - p.

    `keys` (tokens,) of int32, `path` the module's, `limits` (tokens,) of int32: `threshold(p)`.
    """
    columns = _columns(path, features, keys.device)  # (features,)
    # (tokens, 1) ^ (features,) → a word of its own for each element, (tokens, features)
    return mix(keys[:, None] ^ columns) >= limits[:, None]


@cache
def _columns(path: str, features: int, device: torch.device) -> torch.Tensor:
    """(features,) of int32: a word for each input of a module."""
    words = zlib.crc32(path.encode()) + np.arange(features, dtype=np.uint64) * GOLDEN
    mixed = _mixed((words % 2**32).astype(np.uint32)).view(np.int32)
    return torch.from_numpy(mixed).to(device)


def mix(x: torch.Tensor) -> torch.Tensor:
    """lowbias32 on int32 (products wrap, shifts bring in zeros)."""
    x = _folded(x, 16).mul_(signed(FIRST))
    return _folded(_folded(x, 15).mul_(signed(SECOND)), 16)


def _folded(x: torch.Tensor, bits: int) -> torch.Tensor:
    """x ^ (x >> bits), shifting in zeros."""
    return (x >> bits).bitwise_and_((1 << (32 - bits)) - 1).bitwise_xor_(x)


def _mixed(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    x = x ^ (x >> np.uint32(16))
    x *= np.uint32(FIRST)
    x ^= x >> np.uint32(15)
    x *= np.uint32(SECOND)
    return x ^ (x >> np.uint32(16))


def signed(word: int) -> int:
    """The int32 of the same 32 bits."""
    return word - 2**32 if word >= 2**31 else word
