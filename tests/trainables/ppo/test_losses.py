"""PPO's losses by hand, at the clip's boundaries, and their gradients by finite differences."""

import math

import pytest
import torch

from trainables.ppo.losses import entropy, policy_loss, value_loss

ON = torch.ones(1, 1, dtype=torch.bool)


def one(x: float) -> torch.Tensor:
    return torch.tensor([[x]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "clipped"),
    [
        (1.0, 2.0, -2.0, 0),
        (1.1, 2.0, -2.2, 0),
        (1.5, 2.0, -2.4, 1),  # a good token: no more than 1.2 counts
        (1.5, -2.0, 3.0, 0),  # a bad one: all of it does
        (0.5, 2.0, -1.0, 0),
        (0.5, -2.0, 1.6, 1),  # already rarer than 0.8: no more to gain
        (1.2, 2.0, -2.4, 0),
        (0.8, -2.0, 1.6, 0),
    ],
)
def test_policy_loss_by_hand(ratio: float, advantage: float, loss: float, clipped: int) -> None:
    found = policy_loss(one(math.log(ratio) - 1), one(-1.0), one(advantage), ON, 0.2)
    assert float(found.loss) == pytest.approx(loss, rel=1e-12)
    if ratio not in (1.2, 0.8):  # there both terms are the same but for rounding
        assert float(found.clip_fraction) == clipped
    kl = ratio - 1 - math.log(ratio)
    assert float(found.approximate_kl) == pytest.approx(kl, abs=1e-12)


@pytest.mark.parametrize(
    ("new", "old", "clip", "loss", "clipped"),
    [
        (3.0, 2.5, 0.2, 0.5 * (2.7 - 5) ** 2, 1),
        (3.0, 2.9, 0.2, 0.5 * (3 - 5) ** 2, 0),
        (6.0, 2.5, 0.2, 0.5 * (2.7 - 5) ** 2, 1),
        (3.0, 2.5, None, 0.5 * (3 - 5) ** 2, 0),
    ],
)
def test_value_loss_by_hand(
    new: float, old: float, clip: float | None, loss: float, clipped: int
) -> None:
    found = value_loss(one(new), one(old), one(5.0), ON, clip)
    assert float(found.loss) == pytest.approx(loss, rel=1e-12)
    assert float(found.clip_fraction) == clipped


def test_entropy() -> None:
    assert float(entropy(torch.zeros(1, 7))) == pytest.approx(math.log(7), rel=1e-6)
    logits = torch.randn(3, 5, 11, dtype=torch.float64)
    wanted = torch.distributions.Categorical(logits=logits).entropy()
    torch.testing.assert_close(entropy(logits), wanted, rtol=1e-12, atol=1e-12)


def batch(rows: int, width: int, seed: int) -> tuple[torch.Tensor, ...]:
    g = torch.Generator().manual_seed(seed)
    new, old, advantage = (
        torch.randn(rows, width, generator=g, dtype=torch.float64) for _ in range(3)
    )
    lengths = torch.randint(1, width + 1, (rows, 1), generator=g)
    return new, old, advantage, torch.arange(width) < lengths


def test_gradients_by_finite_differences() -> None:
    new, old, advantage, mask = batch(3, 5, 1)
    new.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: policy_loss(x, old, advantage, mask, 0.2).loss, new)
    assert torch.autograd.gradcheck(lambda x: value_loss(x, old, advantage, mask, 0.2).loss, new)
    assert torch.autograd.gradcheck(lambda x: entropy(x), new)


@pytest.mark.parametrize("junk", [7.0, math.inf, math.nan])
def test_padding_changes_nothing(junk: float) -> None:
    new, old, advantage, mask = batch(4, 6, 2)
    wide = [torch.nn.functional.pad(x, (0, 3), value=junk) for x in (new, old, advantage)]
    padded = torch.nn.functional.pad(mask, (0, 3))
    for loss in (policy_loss, value_loss):
        plain = loss(new, old, advantage, mask, 0.2)
        wider = loss(*wide, padded, 0.2)
        torch.testing.assert_close(tuple(wider), tuple(plain), rtol=1e-14, atol=0)


@pytest.mark.parametrize("junk", [0.0, math.nan])
def test_padding_has_no_gradient(junk: float) -> None:
    new, old, advantage, mask = batch(4, 6, 3)
    new = torch.where(mask, new, junk).requires_grad_()
    for loss in (policy_loss, value_loss):
        (gradient,) = torch.autograd.grad(loss(new, old, advantage, mask, 0.2).loss, new)
        assert bool((gradient[~mask] == 0).all())
        assert bool(gradient[mask].isfinite().all())
