"""The losses against values worked out by hand, and against TRL's RewardTrainer."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from trl import RewardTrainer

from trainables.reward_model.losses import centring, preference_loss, reward_loss

CHOSEN = torch.tensor([2.0, 0.0, -1.0, 0.5], dtype=torch.float64)
REJECTED = torch.tensor([0.0, 0.0, 1.0, 0.7], dtype=torch.float64)


def test_by_hand() -> None:
    found = preference_loss(CHOSEN, REJECTED)
    wanted = [math.log(1 + math.exp(-d)) for d in (2.0, 0.0, -2.0, -0.2)]
    assert found.tolist() == pytest.approx(wanted, rel=1e-15)
    assert float(found[1]) == pytest.approx(math.log(2), rel=1e-15)
    assert preference_loss(CHOSEN, REJECTED, 1.0).tolist() == pytest.approx(
        [math.log(1 + math.exp(1 - d)) for d in (2.0, 0.0, -2.0, -0.2)], rel=1e-15
    )
    assert centring(CHOSEN, REJECTED).tolist() == pytest.approx([4.0, 0.0, 0.0, 1.44])


def test_scores_far_apart_do_not_overflow() -> None:
    far = torch.tensor([1000.0, -1000.0])
    assert preference_loss(far, -far).tolist() == [0.0, 2000.0]


@pytest.mark.parametrize("coefficient", [None, 0.01, 0.5])
def test_the_loss_is_trls(coefficient: float | None) -> None:
    class Model:
        training = False

        def __call__(self, **inputs: Any) -> Any:
            return SimpleNamespace(logits=torch.cat([CHOSEN, REJECTED])[:, None])

    trainer: Any = SimpleNamespace(
        model=Model(),
        args=SimpleNamespace(center_rewards_coefficient=coefficient),
        accelerator=SimpleNamespace(gather=lambda x: x, gather_for_metrics=lambda x: x),
        _metrics={"eval": {k: [] for k in KEPT}},
        _total_train_tokens=0,
    )
    theirs = RewardTrainer.compute_loss(trainer, Model(), {})
    ours = reward_loss(CHOSEN, REJECTED, coefficient).mean()
    torch.testing.assert_close(ours, theirs, rtol=1e-15, atol=0)


KEPT = ("min_reward", "mean_reward", "max_reward", "accuracy", "margin", "num_tokens")


def test_gradients_by_finite_differences() -> None:
    chosen = CHOSEN.clone().requires_grad_()
    rejected = REJECTED.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda c, r: reward_loss(c, r, 0.3), (chosen, rejected))
    # the preference loss pushes both scores by the probability of being wrong
    preference_loss(chosen, rejected).sum().backward()
    wrong = torch.sigmoid(REJECTED - CHOSEN)
    torch.testing.assert_close(chosen.grad, -wrong)
    torch.testing.assert_close(rejected.grad, wrong)
