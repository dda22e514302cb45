"""Dropout without a generator: whether an element stays is a hash of what it is.

So a mask is the same after gradient checkpointing, a resume, or in another pack. The hash is
`lowbias32` (C. Wellons, https://github.com/skeeto/hash-prospector), whose 32 bits each flip with
probability 1/2 when an input bit flips.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.seeds import derived_seed

FIRST, SECOND, GOLDEN = 0x7FEB352D, 0x846CA68B, 0x9E3779B9


def token_keys(seed: int, step: int, rows: Sequence[tuple[int, int]]) -> NDArray[np.int32]:
    """A 32-bit key for each token of a trial's rows, given as (place in the step, tokens)."""
    keys = [
        derived_seed("dropout", seed, step, place) % 2**32 + np.arange(tokens, dtype=np.uint64)
        for place, tokens in rows
    ]
    return _mixed(np.concatenate(keys).astype(np.uint32)).view(np.int32)


def kept(keys: torch.Tensor, path: str, features: int, p: float) -> torch.Tensor:
    """(tokens, features) of bool, each True with probability 1 - p.

    `keys` (tokens,) of int32, `path` the module's, p in [0, 1) with a resolution of 2^-32.
    """
    rows = mix(keys ^ signed(zlib.crc32(path.encode())))
    columns = torch.arange(features, dtype=torch.int32, device=keys.device) * signed(GOLDEN)
    bits = mix(rows[:, None] ^ columns)
    return bits >= round(p * 2**32) - 2**31


def mix(x: torch.Tensor) -> torch.Tensor:
    """lowbias32 on int32 (products wrap, shifts bring in zeros)."""
    x = x ^ ((x >> 16) & 0xFFFF)
    x *= signed(FIRST)
    x ^= (x >> 15) & 0x1FFFF
    x *= signed(SECOND)
    x ^= (x >> 16) & 0xFFFF
    return x


def _mixed(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    x = x ^ (x >> np.uint32(16))
    x *= np.uint32(FIRST)
    x ^= x >> np.uint32(15)
    x *= np.uint32(SECOND)
    return x ^ (x >> np.uint32(16))


def signed(word: int) -> int:
    """The int32 of the same 32 bits."""
    return word - 2**32 if word >= 2**31 else word
