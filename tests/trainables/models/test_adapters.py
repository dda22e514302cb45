"""Adapters: PEFT's settings, the seed, saving and reading back."""

import json
from pathlib import Path

import peft
import pytest
import torch
from safetensors.torch import load, save

from tests.trainables.sft.trials import TOY
from trainables.errors import InputError
from trainables.models.adapters import (
    adapted,
    adapter_bytes,
    export,
    named_trainable,
    peft_config,
    restore,
    worn,
)
from trainables.models.config import LoraConfig
from trainables.models.load import load_base

UNUSUAL = {
    "r": 3,
    "lora_alpha": 5.0,
    "lora_dropout": 0.25,
    "target_modules": ("k_proj",),
    "use_rslora": True,
    "use_dora": True,
    "modules_to_save": ("lm_head",),
}


def test_every_field_reaches_peft() -> None:
    assert UNUSUAL.keys() == LoraConfig.model_fields.keys() - {"adapter_name_or_path"}
    made = peft_config(LoraConfig.model_validate(UNUSUAL))
    for field, value in UNUSUAL.items():
        found = getattr(made, field)
        expected = set(value) if isinstance(value, tuple) else value
        assert (set(found) if isinstance(value, tuple) else found) == expected, field
    assert (made.task_type, made.bias) == ("CAUSAL_LM", "none")
    assert peft_config(LoraConfig(target_modules="all-linear")).target_modules == "all-linear"


def test_the_seed_decides_the_adapter_and_b_is_zero() -> None:
    base = load_base(TOY, "cpu")
    made = []
    for seed in (1, 1, 2):
        with adapted(base, LoraConfig(), seed) as model:
            made.append(adapter_bytes(model))
    assert made[0] == made[1] != made[2]
    for name, tensor in load(made[0]).items():
        assert bool(tensor.any()) == ("lora_A" in name)
        assert tensor.dtype == torch.float32


def test_what_is_saved_is_what_peft_saves() -> None:
    lora = LoraConfig.model_validate({**UNUSUAL, "target_modules": ("q_proj", "down_proj")})
    with adapted(load_base(TOY, "cpu"), lora, 0) as model:
        expected = peft.get_peft_model_state_dict(model)
        found = load(adapter_bytes(model))
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)
        assert len(named_trainable(model)) == len(expected)


def test_restore_puts_back_every_tensor() -> None:
    base = load_base(TOY, "cpu")
    lora = LoraConfig(target_modules="all-linear", modules_to_save=("lm_head",))
    with adapted(base, lora, 0) as model:
        for p in named_trainable(model).values():
            p.data.normal_()
        saved = adapter_bytes(model)
    with adapted(base, lora, 1) as model:
        assert adapter_bytes(model) != saved
        restore(model, saved)
        assert adapter_bytes(model) == saved


def test_an_adapter_of_another_shape_is_refused() -> None:
    base = load_base(TOY, "cpu")
    with adapted(base, LoraConfig(target_modules=("q_proj", "v_proj")), 0) as model:
        two = adapter_bytes(model)
    with adapted(base, LoraConfig(target_modules=("q_proj",)), 0) as model:
        with pytest.raises(ValueError, match="unknown tensors"):
            restore(model, two)
        half = {k: v for k, v in load(adapter_bytes(model)).items() if "layers.0" in k}
        with pytest.raises(ValueError, match="lacks"):
            restore(model, save(half))


def test_an_export_is_plain_and_ready_for_use() -> None:
    with adapted(
        load_base(TOY, "cpu"), LoraConfig(target_modules=("v_proj", "q_proj")), 0
    ) as model:
        found = export(model)
        assert model.peft_config["default"].inference_mode is False
    assert found.config == json.loads(json.dumps(found.config))
    assert found.config["inference_mode"] is True
    assert found.config["target_modules"] == ["q_proj", "v_proj"]
    assert found.config["peft_type"] == "LORA"
    assert found.config["task_type"] == "CAUSAL_LM"


def test_a_saved_adapter_is_put_on_and_taken_off(tmp_path: Path) -> None:
    base = load_base(TOY, "cpu")
    ids = torch.arange(5)[None]
    with torch.no_grad():
        before = base.model(ids).logits
    with adapted(base, LoraConfig(r=2), seed=0) as model:
        for parameter in named_trainable(model).values():
            parameter.data.fill_(0.1)
        model.save_pretrained(tmp_path)
        with torch.no_grad():
            expected = model(ids).logits
    with worn(base, tmp_path) as model, torch.no_grad():
        torch.testing.assert_close(model(ids).logits, expected)
    with torch.no_grad():
        torch.testing.assert_close(base.model(ids).logits, before, rtol=0, atol=0)


def test_a_folder_without_an_adapter_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"holds no adapter_config\.json"),
        worn(load_base(TOY, "cpu"), tmp_path),
    ):
        pass
