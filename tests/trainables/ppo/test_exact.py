"""PPO trials in a pack are what they are alone."""

import math
from collections.abc import Mapping

import pytest

from tests.trainables.packing.packs import fields, numbers, run_pack
from tests.trainables.ppo.trials import ppo, run_ppo
from tests.trainables.sft.trials import TOY, checkpoints, config, essence, prepared
from trainables.context import ListContext, Report
from trainables.models.load import Base
from trainables.packing.pack import Pack
from trainables.ppo import packed
from trainables.ppo.config import PPOConfig
from trainables.ppo.sampled import Sampled
from trainables.saved import TrialFailed

MIXED: Mapping[str, PPOConfig] = {
    "plain": ppo(training=fields(seed=1, max_steps=6)),
    "penalised": ppo(
        lora=fields(r=7, target_modules="all-linear", lora_alpha=4),
        training=fields(
            seed=2,
            learning_rate=1e-3,
            gradient_accumulation_steps=2,
            response_length=9,
            num_ppo_epochs=3,
            num_mini_batches=3,
            entropy_coef=0.01,
            kl_target=0.5,
            kl_horizon=20,
            temperature=0.6,
            missing_eos_penalty=0.3,
            whiten_rewards=True,
            lr_scheduler_type="linear",
            max_steps=4,
        ),
    ),
    "normed": ppo(
        lora=fields(r=2, target_modules=["o_proj", "up_proj"]),
        training=fields(
            seed=3,
            use_score_norm=True,
            score_clip=1.5,
            target_kl=0.01,
            gamma=0.9,
            weight_decay=0.1,
            max_grad_norm=0.1,
            cliprange_value=None,
        ),
        reward=fields(weights={"terminology": 1, "reasoning": 1, "brevity": 2, "safety": 1}),
    ),
}


def assert_equal(found: list[Report], wanted: list[Report]) -> None:
    """To 1e-9; the divergence from itself is 0 but for rounding."""
    assert [r.step for r in found] == [r.step for r in wanted]
    for one, other in zip(numbers(found), numbers(wanted), strict=True):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12)
    assert found[-1].predictions == wanted[-1].predictions


@pytest.fixture(scope="module")
def alone(double: Base) -> dict[str, list[Report]]:
    return {name: run_pack(double, {name: trial})[name] for name, trial in MIXED.items()}


@pytest.mark.parametrize("order", [list(MIXED), list(MIXED)[::-1]])
def test_packed_is_alone(double: Base, alone: dict[str, list[Report]], order: list[str]) -> None:
    """Some join later and leave earlier; supervised trials may be in the pack too."""
    trials = {name: MIXED[name] for name in order} | {"sft": config(training=fields(seed=9))}
    found = run_pack(double, trials, joins={"normed": 1, "sft": 2})
    for name in MIXED:
        assert_equal(found[name], alone[name])
    assert_equal(found["sft"], run_pack(double, {"a": trials["sft"]})["a"])


def test_passes_of_few_tokens_change_nothing(double: Base, alone: dict[str, list[Report]]) -> None:
    found = run_pack(double, MIXED, max_tokens=60)
    for name in MIXED:
        assert_equal(found[name], alone[name])


def test_what_is_told(alone: dict[str, list[Report]]) -> None:
    for name, reports in alone.items():
        first, last = reports[0].metrics, reports[-1].metrics
        components = {"brevity", "terminology", "reasoning", "safety"}
        own = components if name == "normed" else {"letters"}
        for metric in ("reward", "kl", "answer_tokens", "truncated", *(f"reward_{c}" for c in own)):
            assert metric in last
            assert f"sampled_{metric}" in first
        assert first["sampled_kl"] == pytest.approx(0, abs=1e-9)  # it is its own reference
        assert reports[-1].metrics["kl"] != pytest.approx(0, abs=1e-9)
        assert 0 < first["entropy"] < math.log(400)
        assert reports[-1].facts["tokens"] > 100


def test_the_best_step_has_the_highest_reward(alone: dict[str, list[Report]]) -> None:
    for reports in alone.values():
        rewards = {r.step: r.metrics["reward"] for r in reports if r.checkpoint}
        best = reports[-1].facts["best_step"]
        assert rewards[best] == max(rewards.values()) == reports[-1].metrics["reward"]


@pytest.mark.parametrize("name", ["plain", "penalised", "normed"])
def test_resumed_is_uninterrupted(name: str) -> None:
    whole = run_ppo(MIXED[name])
    found = checkpoints(whole)
    assert len(found) >= 3
    for number, checkpoint in found.items():
        rest = run_ppo(MIXED[name], checkpoint)
        assert [essence(r) for r in rest] == [essence(r) for r in whole[number + 1 :]]


RARELY = fields(every_epochs=100.0)  # not between the poison and the end of its step


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_a_poisoned_trial_changes_no_other_by_one_bit(
    double: Base, poison: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def three(poisoned: bool) -> list[list[Report]]:
        def learn(pack: Pack, found: Sampled) -> None:
            learn_from(pack, found)
            trial = found.asked.trial
            if poisoned and found.asked.name == "1" and trial.progress.step == 4:
                trial.adapter.flat.data.fill_(poison)  # between its answers and its first step

        monkeypatch.setattr(packed, "_learn_from", learn)
        pack = Pack(double, TOY)
        contexts = [ListContext(prepared()) for _ in range(3)]
        for number, context in enumerate(contexts):
            trial = ppo(training=fields(seed=number, max_steps=16), evaluation=RARELY)
            pack.join(str(number), trial, context)
        failures = []
        for step in range(6):
            if step == 5 and not poisoned:
                pack.leave("1")
            failures += [e for e in pack.step() if e.error]
        pack.close()
        if poisoned:
            assert [f.name for f in failures] == ["1"]
            assert isinstance(failures[0].error, TrialFailed)
            assert "PPO loss is nan" in str(failures[0].error)
            assert [r.step for r in contexts[1].reports] == [1, 2, 3, 4]
        return [context.reports for context in (contexts[0], contexts[2])]

    learn_from = packed._learn_from
    for clean, beside in zip(three(False), three(True), strict=True):
        assert numbers(clean) == numbers(beside)
