"""A packed reward model is the reward model alone; NaN stays in its trial; a resume is exact."""

import json
import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save

from tests.trainables.packing.packs import fields, largest_difference, numbers
from tests.trainables.reward_model.trials import config, prepared, run
from tests.trainables.sft import trials as sft
from trainables.context import ListContext, Report
from trainables.models.load import Base, load_base
from trainables.packing.pack import Pack
from trainables.reward_model.config import RewardModelConfig
from trainables.reward_model.head import HEAD
from trainables.reward_model.train import train
from trainables.saved import Checkpoint, TrialFailed

MIXED: dict[str, RewardModelConfig] = {
    "dropout": config(
        lora=fields(r=4, lora_dropout=0.1), training=fields(seed=1, num_train_epochs=4)
    ),
    "accumulation": config(
        lora=fields(r=8, lora_alpha=4, target_modules="all-linear", use_rslora=True),
        training=fields(
            seed=2,
            gradient_accumulation_steps=2,
            weight_decay=0.1,
            max_grad_norm=0.1,
            center_rewards_coefficient=None,
        ),
    ),
    "held": config(
        training=fields(
            seed=3, per_device_train_batch_size=5, regularizer={"kind": "l2_start", "weight": 0.1}
        )
    ),
    "leaves": config(training=fields(seed=5)),
}


@pytest.fixture(scope="module")
def solo(double: Base) -> dict[str, list[Report]]:
    return {name: run(double, {name: trial})[name] for name, trial in MIXED.items()}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("max_tokens", [8192, 100])
def test_packed_is_alone(
    double: Base, solo: dict[str, list[Report]], order: int, max_tokens: int
) -> None:
    packed = run(
        double,
        dict(list(MIXED.items())[::order]),
        joins={"accumulation": 3},
        leaves={"leaves": 5},
        max_tokens=max_tokens,
    )
    for name, alone in solo.items():
        alone = alone[: len(packed[name])] if name == "leaves" else alone
        assert largest_difference(packed[name], alone) < 1e-9
        assert (name == "leaves") != alone[-1].final
    assert 0 < len(packed["leaves"]) <= 5


def test_a_trial_by_itself_is_a_pack_of_one() -> None:
    trial = config(lora=fields(lora_dropout=0.1))
    context = ListContext(prepared())
    train(trial, context)
    packed = run(load_base(trial.model, "cpu"), {"a": trial})["a"]
    assert numbers(context.reports) == numbers(packed)


def test_it_learns_and_says_how_well() -> None:
    trial = config(training=fields(num_train_epochs=8, learning_rate=1e-2))
    context = ListContext(prepared())
    train(trial, context)
    first = next(r for r in context.reports if "val_loss" in r.metrics)
    last = context.reports[-1]
    assert last.metrics["val_loss"] < 0.5 * first.metrics["val_loss"]
    assert last.metrics["pairwise_accuracy"] == 1.0
    assert 0 <= last.metrics["unseen_pairwise_accuracy"] <= 1
    assert {"pairwise_ece", "pairwise_brier", "train_loss"} <= set(last.metrics)
    seen, unseen = (last.facts["pairwise"][name] for name in ("seen", "unseen"))
    assert set(seen["sources"]) == {"own", "more"}
    assert seen["all"]["pairwise_accuracy"]["value"] == last.metrics["pairwise_accuracy"]
    assert set(unseen["sources"]) == {"other"}
    assert last.facts["evaluation"] == {"split": "validation", "loss_limit": None, "pairs": 5}
    assert last.facts["tokens"] == 8 * int(prepared().train.lengths().sum())
    assert last.facts["steps"] == 8 * 6  # 11 pairs in batches of two
    json.dumps(dict(last.facts))


def test_a_limit_is_of_pairs() -> None:
    trial = config(evaluation=fields(loss_limit=3), training=fields(max_steps=2))
    context = ListContext(prepared())
    train(trial, context)
    assert context.reports[-1].facts["pairwise"]["seen"]["all"]["pairwise_accuracy"]["n"] == 3


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_nan_stays_where_it_is(double: Base, poison: float) -> None:
    poisoned, clean = three(double, poison), three(double, None)
    for left, right in zip(poisoned, clean, strict=True):
        assert numbers(left) == numbers(right)
        assert [r.checkpoint and r.checkpoint.adapter for r in left] == [
            r.checkpoint and r.checkpoint.adapter for r in right
        ]
        assert left[-1].final


def three(base: Base, poison: float | None) -> tuple[list[Report], list[Report]]:
    """The first and last of three trials; NaN may enter the one between them."""
    pack = Pack(base, sft.TOY)
    contexts = [ListContext(prepared()) for _ in range(3)]
    for number, context in enumerate(contexts):
        trial = config(
            lora=fields(r=4 + number, lora_dropout=0.1, target_modules="all-linear"),
            training=fields(seed=number, max_steps=4),
        )
        pack.join(str(number), trial, context)
    failures = []
    for step in range(4):
        if step == 2 and poison is not None:
            pack.trials["1"].adapter.flat.data.fill_(poison)
            pack.trials["1"].adapter.refresh()
        if step == 3 and poison is None:
            pack.leave("1")
        failures += [ended for ended in pack.step() if ended.error]
    pack.close()
    if poison is not None:
        assert [failure.name for failure in failures] == ["1"]
        assert isinstance(failures[0].error, TrialFailed)
    return contexts[0].reports, contexts[2].reports


@pytest.mark.parametrize("company", [False, True])
def test_a_resumed_trial_is_an_uninterrupted_one(company: bool) -> None:
    trial = config(
        lora=fields(lora_dropout=0.2),
        training=fields(seed=3, gradient_accumulation_steps=2, weight_decay=0.01, warmup_steps=2),
    )
    base = load_base(trial.model, "cpu")
    whole = run(base, {"a": trial})["a"]
    found = sft.checkpoints(whole)
    assert len(found) >= 4
    for number, checkpoint in found.items():
        trials = {"b": MIXED["dropout"], "a": trial} if company else {"a": trial}
        rest = run(base, trials, checkpoints={"a": checkpoint})["a"]
        if company:
            assert largest_difference(rest, whole[number + 1 :]) < 1e-4
        else:
            assert [sft.essence(r) for r in rest] == [sft.essence(r) for r in whole[number + 1 :]]


def test_it_starts_from_a_supervised_adapter() -> None:
    trial = config(training=fields(learning_rate=1e-12, max_steps=1))
    reports = sft.run(sft.config(training=fields(max_steps=3)))
    adapter = next(r.adapter for r in reversed(reports) if r.adapter)
    start = Checkpoint(adapter.weights, b"", {"step": 0, "updates": 0, "scaler": None})
    context = ListContext(prepared(), start)
    train(trial, context)
    kept = next(r.adapter for r in context.reports if r.adapter)
    ours, theirs = load(kept.weights), load(adapter.weights)
    assert set(ours) - set(theirs) == {HEAD}
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=1e-9)
    fresh = ListContext(prepared())
    train(trial, fresh)
    other = load(next(r.adapter for r in fresh.reports if r.adapter).weights)
    torch.testing.assert_close(ours[HEAD], other[HEAD], rtol=0, atol=1e-9)


def test_an_adapter_that_lacks_more_than_the_head_is_refused() -> None:
    reports = sft.run(sft.config(lora=fields(r=2), training=fields(max_steps=1)))
    adapter = next(r.adapter for r in reports if r.adapter)
    tensors = load(adapter.weights)
    tensors.pop(next(iter(tensors)))
    start = Checkpoint(save(tensors), b"", {"step": 0, "updates": 0, "scaler": None})
    with pytest.raises(ValueError, match="other tensors"):
        train(config(lora=fields(r=2)), ListContext(prepared(), replace(start)))
