"""What a PPO trial is held to: the adapter that it started from, or the base without one."""

import json
from dataclasses import replace

import pytest

from tests.trainables.packing.packs import fields
from tests.trainables.ppo.trials import ppo, run_ppo
from tests.trainables.sft.trials import checkpoints, config, essence, run
from trainables.saved import Checkpoint

SHAPE = fields(r=4, target_modules=["q_proj", "v_proj"])


@pytest.fixture(scope="module")
def start() -> Checkpoint:
    """A tuned adapter, as a checkpoint at step 0."""
    tuned = run(config(lora=SHAPE))
    best = [r.adapter for r in tuned if r.adapter][-1]
    return Checkpoint(best.weights, b"", {"step": 0, "updates": 0, "scaler": None})


def test_the_policy_starts_from_it_and_is_held_to_it(start: Checkpoint) -> None:
    trial = ppo(lora=SHAPE)
    reports, fresh = run_ppo(trial, start), run_ppo(trial)
    assert reports[0].metrics["sampled_kl"] == pytest.approx(0, abs=1e-4)
    assert reports[1].metrics["sampled_kl"] != pytest.approx(0, abs=1e-4)
    assert reports[0].metrics["entropy"] != fresh[0].metrics["entropy"]
    saved = checkpoints(reports)[0]
    assert saved.frozen["reference"].weights == start.adapter
    assert saved.frozen["reference"].config["peft_type"] == "LORA"
    assert not checkpoints(fresh)[0].frozen


def test_resumed_it_is_held_to_the_same(start: Checkpoint) -> None:
    trial = ppo(lora=SHAPE)
    whole = run_ppo(trial, start)
    for number, checkpoint in checkpoints(whole).items():
        rest = run_ppo(trial, checkpoint)
        assert [essence(r) for r in rest] == [essence(r) for r in whole[number + 1 :]]
        forgotten = run_ppo(trial, replace(checkpoint, frozen={}))
        if len(rest) > 1:
            assert forgotten[0].metrics["sampled_kl"] != rest[0].metrics["sampled_kl"]


def test_a_role_that_is_given_is_kept(start: Checkpoint) -> None:
    """In a staged trial the stage before may give another reference than the start."""
    other = run(config(lora=SHAPE, training=fields(seed=5)))
    adapter = [r.adapter for r in other if r.adapter][-1]
    reports = run_ppo(ppo(lora=SHAPE), replace(start, frozen={"reference": adapter}))
    assert checkpoints(reports)[0].frozen == {"reference": adapter}
    assert abs(reports[0].metrics["sampled_kl"]) > 1e-3


def test_the_exported_adapter_has_no_value_head(start: Checkpoint) -> None:
    from safetensors.torch import load

    reports = run_ppo(ppo(lora=SHAPE), start)
    (best, *_) = [r.adapter for r in reports if r.adapter]
    kept = next(r.checkpoint for r in reports if r.checkpoint)
    assert set(load(kept.adapter)) - set(load(best.weights)) == {
        "value_head.weight",
        "value_head.bias",
    }
    assert set(load(best.weights)) == set(load(start.adapter))
    assert json.dumps(best.config)
