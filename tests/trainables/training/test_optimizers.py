"""An optimizer is one entry: one that is registered here trains, resumes and is counted."""

from typing import Any

import pytest
import torch
from safetensors.torch import load
from transformers.training_args import OptimizerNames

from sweeps.readiness.predicted_memory import peak_bytes
from tests.trainables.packing.packs import largest_difference, run_pack
from tests.trainables.sft.trials import TOY, checkpoints, config, essence, run
from trainables.kinds import trial_config
from trainables.models.load import load_base
from trainables.packing.packable import unpackable
from trainables.sft.config import SFTConfig
from trainables.training.optimizers import OPTIMIZERS, Optimizer, State, known_to_transformers

DATA = {"tokens": {"train": 1000, "answer_train": 250}, "kept": {"train": 50}}


def _rmsprop(t: Any, flat: Any) -> Any:
    return torch.optim.RMSprop([flat], lr=t.learning_rate, weight_decay=t.weight_decay)


@pytest.fixture
def rmsprop(monkeypatch: pytest.MonkeyPatch) -> SFTConfig:
    """A trial with an optimizer that medsweep does not have: one state instead of two."""
    monkeypatch.setitem(
        OPTIMIZERS, "rmsprop", Optimizer("rmsprop", (State("square_avg"),), _rmsprop)
    )
    return config(training={"optim": "rmsprop", "max_steps": 8, "weight_decay": 0.1})


def test_one_that_is_registered_trains_the_same_in_both_engines(rmsprop: SFTConfig) -> None:
    alone = run(rmsprop)
    packed = run_pack(load_base(TOY, "cpu"), {"a": rmsprop})["a"]
    assert largest_difference(alone, packed) < 1e-4
    adamw = run(config(training={"max_steps": 8, "weight_decay": 0.1}))
    assert largest_difference(alone, adamw) > 1e-3


def test_one_that_is_registered_resumes_in_both_engines(rmsprop: SFTConfig) -> None:
    whole = run(rmsprop)
    number = sorted(checkpoints(whole))[1]
    saved = checkpoints(whole)[number]
    assert {name.split(".")[0] for name in load(saved.optimizer)} == {"square_avg"}
    assert [essence(r) for r in run(rmsprop, saved)] == [essence(r) for r in whole[number + 1 :]]
    packed = run_pack(load_base(TOY, "cpu"), {"a": rmsprop}, checkpoints={"a": saved})["a"]
    assert largest_difference(whole[number + 1 :], packed) < 1e-4
    last = [r.checkpoint for r in packed if r.checkpoint][-1]
    assert load(last.optimizer).keys() == load(saved.optimizer).keys()


def test_one_that_is_registered_is_counted(rmsprop: SFTConfig) -> None:
    trial = rmsprop.model_copy(update={"lora": None})
    adamw = trial.model_copy(update={"training": config().training})
    facts = run(rmsprop)[-1].facts
    assert facts["optimizer_bytes"] == facts["trained_bytes"] == 4 * facts["trainable_parameters"]
    more = (peak_bytes(adamw, DATA) or 0) - (peak_bytes(trial, DATA) or 0)
    assert more == pytest.approx(4 * 107_200)  # the toy model's weights


def test_one_that_no_pack_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    by_matrix = Optimizer("adafactor", (State("exp_avg_sq_row"),), None)
    monkeypatch.setitem(OPTIMIZERS, "adafactor", by_matrix)
    reason = "optimizer adafactor needs each weight matrix by itself"
    assert unpackable(config(training={"optim": "adafactor"})) == reason
    assert unpackable(config()) is None
    least = {"model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    for kind in ("ppo", "reward"):  # that only the packed engine trains
        with pytest.raises(ValueError, match=f"{reason}.* write another optim"):
            trial_config({"kind": kind, **least, "training": {"optim": "adafactor"}})
    assert trial_config({"kind": "dpo", **least, "training": {"optim": "adafactor"}})


def test_an_unknown_one_names_those_that_exist() -> None:
    with pytest.raises(ValueError, match="should be 'adamw_torch' or 'adamw_torch_fused'"):
        config(training={"optim": "adam_torch"})
    assert config(training={"optim": "adamw_torch_fused"}).training.optim == "adamw_torch_fused"


def test_transformers_knows_each_by_a_name_of_its_own() -> None:
    names = [optimizer.transformers for optimizer in OPTIMIZERS.values()]
    assert set(names) <= {name.value for name in OptimizerNames}
    assert [known_to_transformers(name) for name in names] == [*OPTIMIZERS.values()]
    assert len(set(names)) == len(names)


def test_states_in_other_precisions_take_their_own_bytes() -> None:
    half = Optimizer("x", (State("exp_avg", "bfloat16"), State("exp_avg_sq")), None)
    assert half.state_bytes(10) == 10 * (2 + 4)
    assert half.state_bytes(10, width=8) == 10 * (2 + 8)


@pytest.mark.filterwarnings("ignore:Paged optimizers are not supported on CPU")
@pytest.mark.parametrize("name", ["adamw_8bit", "paged_adamw_32bit", "paged_adamw_8bit"])
def test_bitsandbytes_own_train_and_resume_exactly(name: str) -> None:
    trial = config(training={"optim": name, "max_steps": 8}, lora={"r": 64})
    whole = run(trial)
    number = sorted(checkpoints(whole))[1]
    saved = checkpoints(whole)[number]
    precisions = {t.dtype for key, t in load(saved.optimizer).items() if key.startswith("state1")}
    assert (torch.uint8 in precisions) == ("8bit" in name)
    assert [essence(r) for r in run(trial, saved)] == [essence(r) for r in whole[number + 1 :]]
    adamw = run(config(training={"max_steps": 8}, lora={"r": 64}))
    difference = largest_difference(whole, adamw)
    assert difference < 1e-2 if "8bit" in name else difference < 1e-5


@pytest.mark.filterwarnings("ignore:Paged optimizers are not supported on CPU")
def test_a_pack_has_the_paged_one_in_32_bits() -> None:
    trial = config(training={"optim": "paged_adamw_32bit", "max_steps": 8})
    alone = run(trial)
    packed = run_pack(load_base(TOY, "cpu"), {"a": trial})["a"]
    assert largest_difference(alone, packed) < 1e-4
    number = sorted(checkpoints(packed))[1]
    saved = checkpoints(packed)[number]
    resumed = run_pack(load_base(TOY, "cpu"), {"a": trial}, checkpoints={"a": saved})["a"]
    assert largest_difference(packed[number + 1 :], resumed) == 0
    assert [essence(r) for r in resumed] == [essence(r) for r in packed[number + 1 :]]
    assert unpackable(config(training={"optim": "adamw_8bit"}))
