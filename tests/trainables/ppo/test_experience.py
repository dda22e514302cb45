"""From scored answers to advantages, on numbers worked out by hand; and minibatches."""

import pytest
import torch

from trainables.ppo.config import PPOTrainingConfig
from trainables.ppo.experience import ScoredAnswers, experience, minibatches

T = PPOTrainingConfig(gamma=0.5, lam=0.5, kl_coef=0.1)
# two answers, of 2 tokens and of 1
SCORED = ScoredAnswers(
    log_probs=torch.tensor([-1.0, -2.0, -3.0], dtype=torch.float64),
    reference=torch.tensor([-1.5, -1.0, -3.0], dtype=torch.float64),
    values=torch.tensor([0.2, 0.4, -0.1], dtype=torch.float64),
)
SCORES = torch.tensor([1.0, 0.0], dtype=torch.float64)


def test_by_hand() -> None:
    """k1 is 0.5, -1 and 0; so the rewards are -0.05, 1.1 and 0, the deltas 1.1 - 0.4 = 0.7,
    -0.05 + 0.5 x 0.4 - 0.2 = -0.05 and 0.1, the advantages -0.05 + 0.25 x 0.7, 0.7 and 0.1."""
    found = experience(SCORED, [2, 1], SCORES, 0.1, T)
    gains = torch.tensor([0.125, 0.7, 0.1], dtype=torch.float64)
    torch.testing.assert_close(found.experience.returns, gains + SCORED.values)
    white = (gains - gains.mean()) / gains.std()
    torch.testing.assert_close(found.experience.advantages, white, rtol=1e-6, atol=1e-7)
    assert torch.equal(found.experience.old, SCORED.log_probs)
    assert torch.equal(found.experience.values, SCORED.values)
    assert found.experience.starts == [0, 2, 3]
    assert found.kl == pytest.approx([-0.5, 0.0])
    returns = gains + SCORED.values
    wanted = 1 - float((returns - SCORED.values).var() / returns.var())
    assert found.explained_variance == pytest.approx(wanted)


def test_rewards_can_be_whitened_too() -> None:
    t = T.model_copy(update={"whiten_rewards": True, "lam": 0.0, "gamma": 0.0})
    found = experience(SCORED, [2, 1], SCORES, 0.1, t)
    rewards = torch.tensor([-0.05, 1.1, 0.0], dtype=torch.float64)
    scaled = (rewards - rewards.mean()) / rewards.std() + rewards.mean()
    torch.testing.assert_close(found.experience.returns, scaled, rtol=1e-6, atol=1e-7)


def test_some_answers_experience_is_theirs() -> None:
    whole = experience(SCORED, [2, 1], SCORES, 0.1, T).experience
    own = whole.of([1, 0])
    assert own.starts == [0, 1, 3]
    for mine, all_of_it in zip(own[:4], whole[:4], strict=True):
        assert isinstance(mine, torch.Tensor)
        assert isinstance(all_of_it, torch.Tensor)
        assert torch.equal(mine, all_of_it[[2, 0, 1]])


@pytest.mark.parametrize(("answers", "parts", "sizes"), [(7, 3, [3, 2, 2]), (2, 4, [1, 1])])
def test_minibatches(answers: int, parts: int, sizes: list[int]) -> None:
    t = PPOTrainingConfig(num_mini_batches=parts)
    found = minibatches(answers, t, [1, 2])
    assert [len(part) for part in found] == sizes * 2
    for epoch in (found[: len(sizes)], found[len(sizes) :]):
        assert sorted(a for part in epoch for a in part) == list(range(answers))
    assert found == minibatches(answers, t, [1, 2])
    assert minibatches(50, t, [1]) != minibatches(50, t, [2])
