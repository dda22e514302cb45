"""Rewards are measured on answers sampled in one way, whatever a trial samples in training."""

from typing import Any

import pytest

from tests.trainables.ppo.trials import ppo, run_ppo
from tests.trainables.sft.trials import prepared
from trainables.context import ListContext
from trainables.kinds import measured_by
from trainables.ppo.untouched import measure

OTHERS: list[dict[str, Any]] = [{"temperature": 0.2}, {"response_length": 12}]
HELD = {"temperature": 1.0, "response_length": 6, "metrics": ["perplexity"]}
SAMPLED = ("reward", "kl", "answer_tokens", "truncated")


@pytest.mark.parametrize("training", OTHERS)
def test_the_base_is_measured_alike_whatever_trials_sample(training: dict[str, Any]) -> None:
    plain, own, held = (
        ppo(evaluation={"metrics": ["perplexity"]}),
        ppo(training=training, evaluation={"metrics": ["perplexity"]}),
        ppo(training=training, evaluation=HELD),
    )
    found = []
    for trial in (plain, own, held):
        context = ListContext(prepared())
        measure(trial, context)
        found.append(context.reports[-1].metrics)
    assert measured_by(held) == measured_by(plain) != measured_by(own)
    for name in ("reward_letters", "answer_tokens", "truncated"):
        assert found[2][name] == found[0][name]
    assert found[1] != found[0]


@pytest.mark.parametrize("training", OTHERS)
def test_a_policy_that_has_not_learnt_is_measured_alike(training: dict[str, Any]) -> None:
    """So the differences between trials are those of what they learnt."""
    still = {"learning_rate": 1e-30, "max_steps": 1}
    runs = [run_ppo(ppo(training={**still, **more}, evaluation=HELD)) for more in ({}, training)]
    last = [{name: run[-1].metrics[name] for name in SAMPLED} for run in runs]
    assert last[0] == pytest.approx(last[1], abs=1e-9)
