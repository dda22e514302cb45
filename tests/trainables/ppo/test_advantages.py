"""Rewards, advantages and whitening by hand, and as properties of any answers."""

import math

import pytest
import torch

from trainables.ppo.advantages import (
    advantages,
    explained_variance,
    masked_variance,
    token_rewards,
    whitened,
)

Tensor = torch.Tensor


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def answers(count: int, width: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """(rewards, values, mask) of answers of different lengths."""
    g = torch.Generator().manual_seed(seed)
    rewards, values = (torch.randn(count, width, generator=g, dtype=torch.float64) for _ in "rv")
    lengths = torch.randint(1, width + 1, (count, 1), generator=g)
    return rewards, values, torch.arange(width) < lengths


def test_token_rewards_by_hand() -> None:
    mask = torch.tensor([[True, True, False], [True, True, True], [False, False, False]])
    kl = rows([0.5, 1.0, 9.0], [0.0, -2.0, 4.0], [1.0, 1.0, 1.0])
    found = token_rewards(torch.tensor([3.0, 5.0, 7.0]).double(), kl, mask, 0.1)
    wanted = rows([-0.05, 3 - 0.1, 0], [0.0, 0.2, 5 - 0.4], [0, 0, 0])
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)


def test_advantages_by_hand() -> None:
    mask = torch.tensor([[True, True, True], [True, True, False]])
    found, returns = advantages(
        rows([0, 0, 1], [0, 2, 9]), rows([0.5, 0.4, 0.3], [1, 1.5, 9]), mask, 0.9, 0.8
    )
    last = 1 - 0.3
    middle = 0.9 * 0.3 - 0.4 + 0.72 * last
    first = 0.9 * 0.4 - 0.5 + 0.72 * middle
    wanted = rows([first, middle, last], [0.9 * 1.5 - 1 + 0.72 * 0.5, 0.5, 0])
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-12)
    values = rows([0.5, 0.4, 0.3], [1, 1.5, 0])
    torch.testing.assert_close(returns, wanted + values, rtol=1e-12, atol=1e-12)


def test_lambda_one_gives_discounted_returns_and_zero_one_step_errors() -> None:
    rewards, values, mask = answers(5, 7, 1)
    _, returns = advantages(rewards, values, mask, 0.9, 1.0)
    one_step, _ = advantages(rewards, values, mask, 0.9, 0.0)
    for row in range(5):
        n = int(mask[row].sum())
        for t in range(n):
            wanted = sum(0.9 ** (u - t) * float(rewards[row, u]) for u in range(t, n))
            assert float(returns[row, t]) == pytest.approx(wanted, rel=1e-12)
            after = float(values[row, t + 1]) if t + 1 < n else 0.0  # nothing is bootstrapped
            delta = float(rewards[row, t]) + 0.9 * after - float(values[row, t])
            assert float(one_step[row, t]) == pytest.approx(delta, rel=1e-12)


@pytest.mark.parametrize("junk", [5.0, math.nan])
def test_padding_and_other_answers_change_nothing(junk: float) -> None:
    rewards, values, mask = answers(4, 6, 2)
    found = advantages(rewards, values, mask, 0.95, 0.9)
    pad = torch.nn.functional.pad
    wide = advantages(
        pad(torch.where(mask, rewards, junk), (0, 4), value=junk),
        pad(torch.where(mask, values, junk), (0, 4), value=junk),
        pad(mask, (0, 4)),
        0.95,
        0.9,
    )
    for narrow, wider in zip(found, wide, strict=True):
        assert torch.equal(wider[:, :6], torch.where(mask, narrow, 0.0))
        assert not wider[:, 6:].any()
    alone = advantages(rewards[2:3], values[2:3], mask[2:3], 0.95, 0.9)
    assert torch.equal(alone[0], found[0][2:3])


def test_whitened_has_mean_zero_and_variance_one() -> None:
    x, _, mask = answers(6, 9, 3)
    found = whitened(3 * x + 2, mask)
    own = found[mask]
    assert float(own.mean()) == pytest.approx(0, abs=1e-12)
    assert float(own.var()) == pytest.approx(1, rel=1e-6)
    assert not found[~mask].any()
    kept = whitened(3 * x + 2, mask, shift_mean=False)
    assert float(kept[mask].mean()) == pytest.approx(float((3 * x + 2)[mask].mean()), rel=1e-9)
    torch.testing.assert_close(masked_variance(x, mask), x[mask].var())


def test_whitening_of_equal_values_is_zero() -> None:
    x = torch.full((2, 3), 4.0)
    assert not whitened(x, torch.ones(2, 3, dtype=torch.bool)).any()


def test_explained_variance() -> None:
    returns, noise, mask = answers(5, 8, 4)
    assert explained_variance(returns, returns, mask) == 1
    assert explained_variance(torch.zeros_like(returns), returns, mask) == pytest.approx(0)
    wanted = 1 - float(noise[mask].var() / returns[mask].var())
    assert explained_variance(returns - noise, returns, mask) == pytest.approx(wanted, rel=1e-12)
    assert explained_variance(noise, torch.ones_like(noise), mask) == 0


def test_whitening_by_hand() -> None:
    """1 and 3: mean 2, variance (n - 1) 2, and 1e-8 under the root; a lone value has no spread."""
    mask = torch.ones(1, 2, dtype=torch.bool)
    found = whitened(rows([1.0, 3.0]), mask)
    torch.testing.assert_close(
        found, rows([-1 / math.sqrt(2 + 1e-8), 1 / math.sqrt(2 + 1e-8)]), rtol=1e-14, atol=0
    )
    tiny = whitened(rows([0.0, 1e-6]), mask)  # the epsilon counts: the variance is 5e-13
    assert float(tiny[0, 1]) == pytest.approx(5e-7 / math.sqrt(5e-13 + 1e-8), rel=1e-12)


@pytest.mark.parametrize("shift_mean", [True, False])
def test_a_lone_value_is_not_whitened_away(shift_mean: bool) -> None:
    mask = torch.tensor([[False, True], [False, False]])
    found = whitened(rows([9.0, -0.7], [9.0, 9.0]), mask, shift_mean)
    assert torch.equal(found, rows([0.0, -0.7], [0.0, 0.0]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("level", [0.7, -3e4, 1e-9])
@pytest.mark.parametrize("width", [1, 2, 64])
def test_rounding_of_returns_is_nothing_to_explain(
    dtype: torch.dtype, level: float, width: int
) -> None:
    """Each return is `level` but for the rounding of a sum; the values are off by half of it."""
    g = torch.Generator().manual_seed(width)
    steps = torch.rand(16, width, generator=g, dtype=dtype) * level
    returns = (level - steps) + steps
    mask = torch.ones_like(returns, dtype=torch.bool)
    assert explained_variance(returns * 0.5, returns, mask) == 0
    noise = torch.randn(16, width, generator=g, dtype=dtype) * level
    assert explained_variance(noise, returns, mask) == 0
    real = returns + 1e-2 * abs(level) * torch.randn(16, width, generator=g, dtype=dtype)
    assert explained_variance(real, real, mask) == 1
    assert explained_variance(real * 0.5, real, mask) == pytest.approx(0.75, rel=1e-3)


def test_equal_returns_beside_large_values_are_rounded_by_those() -> None:
    """A return is advantage + value: with values of 1e8 float32 keeps whole numbers only."""
    g = torch.Generator().manual_seed(3)
    values = 1e8 * torch.randn(8, 4, generator=g)
    returns = (0.5 - values) + values
    mask = torch.ones_like(returns, dtype=torch.bool)
    assert explained_variance(values, returns, mask) == 0
