"""A trial goes on from its checkpoint: in any pack, alone, or in the other engine."""

import pytest

from tests.trainables.packing.packs import fields, largest_difference, run_pack
from tests.trainables.sft.trials import TOY, checkpoints, config, run
from trainables.models.load import Base, load_base

TRIAL = config(
    lora=fields(r=4, lora_dropout=0.2),
    training=fields(
        seed=3, num_train_epochs=2, gradient_accumulation_steps=2, weight_decay=0.01, warmup_steps=2
    ),
)
OTHER = config(lora=fields(r=7, target_modules="all-linear"), training=fields(seed=8))


@pytest.mark.parametrize("company", [False, True])
def test_resumed_is_uninterrupted(double: Base, company: bool) -> None:
    whole = run_pack(double, {"a": TRIAL})["a"]
    found = checkpoints(whole)
    assert len(found) >= 4
    for number, checkpoint in found.items():
        trials = {"b": OTHER, "a": TRIAL} if company else {"a": TRIAL}
        rest = run_pack(double, trials, checkpoints={"a": checkpoint})["a"]
        assert largest_difference(rest, whole[number + 1 :]) < 1e-9
        assert rest[-1].predictions == whole[-1].predictions


def test_engines_take_each_others_checkpoints() -> None:
    trial = TRIAL.model_copy(update={"lora": TRIAL.lora.model_copy(update={"lora_dropout": 0.0})})
    base = load_base(TOY, "cpu")
    packed, isolated = run_pack(base, {"a": trial})["a"], run(trial)
    for number, checkpoint in checkpoints(packed).items():
        assert largest_difference(run(trial, checkpoint), isolated[number + 1 :]) < 1e-4
    for number, checkpoint in checkpoints(isolated).items():
        rest = run_pack(base, {"a": trial}, checkpoints={"a": checkpoint})["a"]
        assert largest_difference(rest, packed[number + 1 :]) < 1e-4


def test_a_checkpoint_of_another_rank_is_refused(double: Base) -> None:
    checkpoint = checkpoints(run_pack(double, {"a": OTHER})["a"])
    with pytest.raises(ValueError, match="other tensors"):
        run_pack(double, {"a": TRIAL}, checkpoints={"a": next(iter(checkpoint.values()))})
