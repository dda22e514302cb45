"""An update whose answers have one token in all: it learns, from the reward less the value."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.trainables.ppo.trials import ppo, run_ppo
from trainables.context import Report

ALONE = {"per_device_train_batch_size": 1, "response_length": 1, "num_mini_batches": 1}
REWARD = "tests.trainables.ppo.test_one_token:always"


def always(_: Sequence[str], completions: Sequence[str], **__: Any) -> list[float]:
    """Every answer is as good as can be: no other reward says that a lone token was good."""
    return [1.0 for _ in completions]


def gradients(reports: Sequence[Report]) -> list[float]:
    return [r.metrics["grad_norm"] for r in reports if "grad_norm" in r.metrics]


@pytest.mark.parametrize("whiten_rewards", [False, True])
def test_it_learns(whiten_rewards: bool) -> None:
    """Without the value loss, so that what moves is the policy's."""
    training = {**ALONE, "vf_coef": 0.0, "kl_coef": 0.0, "whiten_rewards": whiten_rewards}
    reports = run_ppo(ppo(training=training, reward={"weights": {REWARD: 1}}))
    assert len(gradients(reports)) == 4
    assert min(gradients(reports)) > 0


def test_two_equal_answers_are_no_better_than_expected() -> None:
    """The policy rests: as docs/ppo.md says, that is no failure."""
    training = {**ALONE, "per_device_train_batch_size": 2, "vf_coef": 0.0, "kl_coef": 0.0}
    reports = run_ppo(ppo(training=training, reward={"weights": {REWARD: 1}}))
    assert gradients(reports) == [0.0] * 4
