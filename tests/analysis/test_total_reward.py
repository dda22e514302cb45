"""What the base model earns in all, from its rewards by themselves."""

import pytest

from analysis.total_reward import total_earned

EARNED = {"reward_safety": 0.8, "reward_brevity": 0.2, "reward_topical": 0.5, "val_loss": 3.0}


def test_it_is_the_weighted_mean_as_the_trial_weighs_it() -> None:
    trial = {"kind": "ppo", "reward": {"weights": {"safety": 3, "brevity": 1, "judge": 0}}}
    assert total_earned(trial, EARNED) == {"reward": pytest.approx((3 * 0.8 + 0.2) / 4)}
    own = {"kind": "grpo", "reward": {"weights": {"mine:topical": 2, "brevity": 2}}}
    assert total_earned(own, EARNED) == {"reward": pytest.approx(0.35)}


def test_of_stages_it_is_the_last_ones() -> None:
    stages = [{"reward": {"weights": {"brevity": 1}}}, {"reward": {"weights": {"safety": 1}}}]
    assert total_earned({"kind": "staged", "stages": stages}, EARNED) == {"reward": 0.8}
    assert total_earned({"kind": "staged", "stages": [*stages, {"kind": "sft"}]}, EARNED) == {}


def test_what_is_not_known_has_no_total() -> None:
    weights = {"safety": 1, "reward_model": 1}  # of which the base model knows nothing
    assert total_earned({"kind": "ppo", "reward": {"weights": weights}}, EARNED) == {}
    assert total_earned({"kind": "sft"}, EARNED) == {}
    assert total_earned({"kind": "ppo", "reward": {"weights": {"safety": 1}}}, {}) == {}
