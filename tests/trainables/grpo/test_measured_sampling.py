"""Rewards are measured on answers sampled in one way, whatever a trial samples in training."""

from typing import Any

import pytest

from tests.trainables.grpo.trials import config, run
from tests.trainables.sft.trials import prepared
from trainables.context import ListContext
from trainables.grpo.untouched import measure

OTHERS: list[dict[str, Any]] = [{"temperature": 0.2}, {"max_completion_length": 12}]
HELD = {"temperature": 1.0, "response_length": 6}


@pytest.mark.parametrize("training", OTHERS)
def test_base_and_policy_are_measured_alike_whatever_trials_sample(
    training: dict[str, Any],
) -> None:
    still = {"learning_rate": 1e-30, "max_steps": 1}
    bases, policies = [], []
    for more in ({}, training):
        trial = config(training={**still, **more}, evaluation=HELD)
        context = ListContext(prepared())
        measure(trial, context)
        bases.append(context.reports[-1].metrics)
        policies.append(run(trial)[-1].metrics)
    for found in (bases, policies):
        for name in found[0].keys() & {"reward_letters", "kl", "answer_tokens", "truncated"}:
            assert found[0][name] == pytest.approx(found[1][name], abs=1e-9), name
