"""A saved reward model is found, checked against the base, and read."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from sweeps.readiness.preparation import Preparation
from tests.trainables.sft.trials import TOY
from trainables.errors import InputError
from trainables.grpo.config import GRPOConfig
from trainables.kinds import trial_config
from trainables.models.config import LoraConfig
from trainables.models.header import tensor_shapes
from trainables.models.load import load_base
from trainables.models.resolve import resolve
from trainables.ppo.config import PPOConfig
from trainables.reward_model.head import HEAD, fresh_reward_model
from trainables.reward_model.saved import saved_reward_model
from trainables.saved import SavedAdapter


def model(**lora: Any) -> SavedAdapter:
    return fresh_reward_model(load_base(TOY, "cpu"), LoraConfig(**lora), 5).export()


def written(folder: Path, adapter: SavedAdapter, **settings: Any) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps({**adapter.config, **settings}))
    (folder / "adapter_model.safetensors").write_bytes(adapter.weights)
    return str(folder)


def shapes() -> dict[str, tuple[int, ...]]:
    return tensor_shapes(resolve(TOY))


@pytest.mark.parametrize("targets", ["all-linear", ("q_proj", "down_proj")])
def test_one_that_fits_is_read(targets: Any, tmp_path: Path) -> None:
    own = model(target_modules=targets)
    found = saved_reward_model(written(tmp_path / "a", own), shapes())
    assert found.weights == own.weights
    assert found.config["task_type"] == "SEQ_CLS"


def changed(adapter: SavedAdapter, **tensors: torch.Tensor | None) -> SavedAdapter:
    found: dict[str, Any] = {**load(adapter.weights), **tensors}
    kept = {name: tensor for name, tensor in found.items() if tensor is not None}
    return SavedAdapter(adapter.config, save(kept))


@pytest.mark.parametrize(
    ("settings", "tensors", "message"),
    [
        ({"task_type": "CAUSAL_LM"}, {}, "no reward model but an adapter of type LORA for CAUSAL"),
        ({"peft_type": "IA3"}, {}, "no reward model but an adapter of type IA3"),
        ({"use_dora": True}, {}, "has use_dora = True"),
        ({"rank_pattern": {"q_proj": 2}}, {}, "has rank_pattern"),
        ({}, {HEAD: None}, "no head with one score at all"),
        ({}, {HEAD: torch.zeros(2, 48)}, r"no head with one score of shape \(2, 48\)"),
        ({}, {HEAD: torch.zeros(1, 7)}, "a head for states of width 7"),
        ({}, {"base_model.model.lm_head.weight": torch.zeros(2, 2)}, "lm_head.weight besides"),
        (
            {},
            {
                "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": torch.zeros(8, 5),
            },
            "does not fit the base model's model.layers.0.self_attn.q_proj, a layer of",
        ),
        (
            {},
            {
                "base_model.model.model.layers.9.self_attn.q_proj.lora_A.weight": torch.zeros(8, 5),
            },
            r"layers.9.self_attn.q_proj, which it has not",
        ),
    ],
)
def test_one_that_does_not_is_refused(
    settings: dict[str, Any], tensors: dict[str, Any], message: str, tmp_path: Path
) -> None:
    place = written(tmp_path / "a", changed(model(), **tensors), **settings)
    with pytest.raises(InputError, match=message) as caught:
        saved_reward_model(place, shapes())
    assert caught.value.field == "reward.model.adapter_name_or_path"


def test_a_folder_without_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no adapter_config\.json") as caught:
        saved_reward_model(str(tmp_path), shapes())
    assert caught.value.field == "reward.model.adapter_name_or_path"


@pytest.mark.parametrize("kind", ["ppo", "grpo"])
def test_a_trial_whose_rewards_ask_it_starts_with_it(kind: str, tmp_path: Path) -> None:
    place = written(tmp_path / "a", model())
    preparation = Preparation(lambda line: None, lambda key, report: None)

    def start(**reward: Any) -> Any:
        content = {
            "kind": kind,
            "model": TOY.model_dump(),
            "data": {"source": "toy:drugs"},
            "reward": reward,
        }
        config = trial_config(content)
        assert isinstance(config, PPOConfig | GRPOConfig)
        return preparation.start(config)

    found = start(weights={"reward_model": 1}, model={"adapter_name_or_path": place})
    assert set(found.frozen) == {"reward_model"}
    assert (found.adapter, found.step) == (b"", 0)
    assert start(weights={"brevity": 1}, model={"adapter_name_or_path": place}) is None
    with pytest.raises(InputError, match=r"reward\.model: .*no reward model is named"):
        start(weights={"reward_model": 1})
