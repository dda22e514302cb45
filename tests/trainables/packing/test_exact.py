"""A packed trial is the trial alone: in this engine to 1e-9, in TRL's to 1e-4."""

import pytest
import torch
from safetensors.torch import load

from tests.trainables.packing.packs import fields, largest_difference, numbers, run_pack
from tests.trainables.sft.trials import (
    TOY,
    config,
    pairs,
    prepared,
    run,
    token_rows_of,
    toy_tokenizer,
)
from trainables.context import Report
from trainables.data.prepared import Prepared
from trainables.models.load import Base, load_base
from trainables.sft.config import SFTConfig

MIXED: dict[str, SFTConfig] = {
    "dropout": config(
        lora=fields(r=4, lora_dropout=0.1),
        training=fields(seed=1, max_steps=50),
    ),
    "accumulation": config(
        lora=fields(r=8, lora_alpha=4, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"]),
        training=fields(
            seed=2,
            learning_rate=1e-2,
            per_device_train_batch_size=3,
            gradient_accumulation_steps=2,
            weight_decay=0.1,
            max_steps=18,
            lr_scheduler_type="linear",
            warmup_steps=3,
        ),
    ),
    "all-linear": config(
        lora=fields(r=3, use_rslora=True, lora_dropout=0.3, target_modules="all-linear"),
        training=fields(
            seed=3,
            per_device_train_batch_size=1,
            max_grad_norm=0,
            max_steps=25,
            lr_scheduler_type="constant",
        ),
    ),
    "clipped": config(
        lora=fields(r=128),
        training=fields(
            seed=4,
            per_device_train_batch_size=5,
            max_grad_norm=0.1,
            adam_beta2=0.9,
            adam_epsilon=1e-4,
            gradient_accumulation_steps=3,
            num_train_epochs=7.5,
        ),
    ),
    "leaves": config(training=fields(seed=5, max_steps=40)),
}


@pytest.fixture(scope="module")
def data() -> dict[str, Prepared]:
    """Other rows for one of them."""
    train, validation = (
        token_rows_of(pairs(first, count), toy_tokenizer()) for first, count in ((40, 7), (200, 4))
    )
    return {"all-linear": Prepared("other", train, validation, {})}


@pytest.fixture(scope="module")
def solo(double: Base, data: dict[str, Prepared]) -> dict[str, list[Report]]:
    return {name: run_pack(double, {name: trial}, data)[name] for name, trial in MIXED.items()}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("max_tokens", [8192, 100])
def test_packed_is_solo(
    double: Base,
    data: dict[str, Prepared],
    solo: dict[str, list[Report]],
    order: int,
    max_tokens: int,
) -> None:
    packed = run_pack(
        double,
        dict(list(MIXED.items())[::order]),
        data,
        joins={"accumulation": 5, "clipped": 20},
        leaves={"leaves": 11},
        max_tokens=max_tokens,
    )
    for name, alone in solo.items():
        alone = alone[: len(packed[name])] if name == "leaves" else alone
        assert largest_difference(packed[name], alone) < 1e-9
        assert packed[name][-1].predictions == alone[-1].predictions
    assert max(len(reports) for reports in packed.values()) >= 25
    assert 0 < len(packed["leaves"]) <= 11


def test_trials_differ_from_each_other(double: Base) -> None:
    trials = {
        "seed": config(training=fields(seed=1)),
        "other seed": config(training=fields(seed=2)),
        "rate": config(training=fields(seed=1, learning_rate=1e-3)),
    }
    found = run_pack(double, trials)
    results = [numbers(reports)[-1]["val_loss"] for reports in found.values()]
    assert len(set(results)) == 3


@pytest.mark.parametrize("epochs", [2, 4])
def test_packed_is_trl(epochs: int) -> None:
    trials = {
        "plain": config(
            lora=fields(r=4, target_modules="all-linear"), training=fields(num_train_epochs=epochs)
        ),
        "other": config(
            lora=fields(r=8, lora_alpha=32),
            training=fields(
                seed=9,
                num_train_epochs=epochs,
                per_device_train_batch_size=2,
                gradient_accumulation_steps=2,
                weight_decay=0.1,
                max_grad_norm=0.5,
                warmup_steps=0.3,
                lr_scheduler_type="linear",
            ),
        ),
    }
    packed = run_pack(load_base(TOY, "cpu"), trials)
    for name, trial in trials.items():
        reference = run(trial)
        assert largest_difference(packed[name], reference) < 1e-4
        ours, theirs = (
            load(next(r.checkpoint for r in reversed(reports) if r.checkpoint).adapter)
            for reports in (packed[name], reference)
        )
        assert ours.keys() == theirs.keys()
        for key, tensor in ours.items():
            torch.testing.assert_close(tensor, theirs[key], rtol=1e-3, atol=1e-5)


def test_both_engines_report_the_same_things() -> None:
    trial = config()
    ours, theirs = run_pack(load_base(TOY, "cpu"), {"a": trial})["a"], run(trial)
    assert [set(r.metrics) for r in ours] == [set(r.metrics) for r in theirs]
    assert [r.rung for r in ours] == [r.rung for r in theirs]
    assert set(ours[-1].facts) == set(theirs[-1].facts)
    assert (ours[-1].facts["engine"], theirs[-1].facts["engine"]) == ("packed", "isolated")
    saved = [next(r for r in reports if r.checkpoint) for reports in (ours, theirs)]
    assert saved[0].adapter is not None
    assert saved[1].adapter is not None
    assert saved[0].adapter.config == saved[1].adapter.config
    states = [set(r.checkpoint.state) for r in saved if r.checkpoint]
    assert states[0] == states[1]
    assert len(prepared().train) == 11
