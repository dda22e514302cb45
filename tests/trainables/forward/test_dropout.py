"""Dropout masks: right in number, independent in both directions, and functions of their place."""

import numpy as np
import pytest
import torch

from trainables.forward import dropout
from trainables.forward.dropout import mix, threshold, token_keys

TOKENS, FEATURES = 400, 512


def kept(keys: torch.Tensor, path: str, features: int, p: float) -> torch.Tensor:
    limits = torch.full((len(keys),), threshold(p), dtype=torch.int32)
    return dropout.kept(keys, path, features, limits)


def keys(seed: int = 1, step: int = 2, rows: int = 4) -> torch.Tensor:
    places = [(i, TOKENS // rows) for i in range(rows)]
    return torch.from_numpy(token_keys(seed, step, places))


@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 0.9])
def test_the_share_that_is_dropped(p: float) -> None:
    mask = kept(keys(), "layer", FEATURES, p)
    assert mask.shape == (TOKENS, FEATURES)
    n = mask.numel()
    spread = (p * (1 - p) / n) ** 0.5
    assert abs(float((~mask).double().mean()) - p) < 5 * spread
    for dim in (0, 1):  # no token and no feature is special
        shares = (~mask).double().mean(dim)
        size = mask.shape[dim]
        assert float((shares - p).abs().max()) < 6 * (p * (1 - p) / size) ** 0.5


def test_each_token_has_its_own_probability() -> None:
    limits = torch.tensor([threshold(p) for p in (0, 0.1, 0.5)], dtype=torch.int32)
    whole = dropout.kept(keys()[:300], "layer", FEATURES, limits.repeat_interleave(100))
    assert whole[:100].all()
    assert torch.equal(whole[100:200], kept(keys()[100:200], "layer", FEATURES, 0.1))
    assert torch.equal(whole[200:300], kept(keys()[200:300], "layer", FEATURES, 0.5))


def test_neighbours_are_independent() -> None:
    signs = kept(keys(), "layer", FEATURES, 0.5).double() * 2 - 1
    other = kept(keys(), "layer2", FEATURES, 0.5).double() * 2 - 1
    later = kept(keys(step=3), "layer", FEATURES, 0.5).double() * 2 - 1
    bound = 5 / signs.numel() ** 0.5
    for a, b in [
        (signs[1:], signs[:-1]),
        (signs[:, 1:], signs[:, :-1]),
        (signs[100:], signs[:-100]),
        (signs, other),
        (signs, later),
    ]:
        assert abs(float((a * b).mean())) < bound * 1.2


def test_a_mask_depends_on_seed_step_row_position_and_module_only() -> None:
    rows = [(0, 5), (3, 9), (4, 2)]
    whole = torch.from_numpy(token_keys(1, 2, rows))
    parts = np.concatenate([token_keys(1, 2, [row]) for row in rows])
    assert whole.tolist() == parts.tolist()
    mask = kept(whole, "a.b", 16, 0.3)
    assert torch.equal(mask[5:14], kept(whole[5:14], "a.b", 16, 0.3))
    assert not torch.equal(mask, kept(whole, "a.c", 16, 0.3))
    for other in (token_keys(2, 2, rows), token_keys(1, 3, rows)):
        assert not torch.equal(mask, kept(torch.from_numpy(other), "a.b", 16, 0.3))


def test_the_hash_is_lowbias32() -> None:
    def reference(x: int) -> int:
        x ^= x >> 16
        x = x * 0x7FEB352D % 2**32
        x ^= x >> 15
        x = x * 0x846CA68B % 2**32
        return x ^ x >> 16

    words = [0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xDEADBEEF]
    signed = torch.from_numpy(np.array(words, dtype=np.uint32).view(np.int32))
    found = mix(signed).numpy().view(np.uint32).tolist()
    assert found == [reference(word) for word in words]
