"""The warm base model, its data type and its quantization settings."""

import gc
import shutil
import weakref
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.trainables.sft.trials import TOY
from trainables.errors import InputError
from trainables.models import load as loading
from trainables.models.config import ModelConfig
from trainables.models.load import compute_dtype, load_base, quantization_config
from trainables.models.resolve import resolve


def toy(**fields: object) -> ModelConfig:
    return ModelConfig.model_validate({**TOY.model_dump(), **fields})


def test_the_base_stays_warm_until_another_is_wanted() -> None:
    first = load_base(TOY, "cpu")
    assert load_base(toy(), "cpu") is first
    gone = weakref.ref(first.model)
    other = load_base(toy(dtype="bfloat16"), "cpu")
    assert other.model.dtype == torch.bfloat16
    del first
    gc.collect()
    assert gone() is None, "two bases in memory"
    assert len(loading._warm) == 1


def test_a_base_that_is_not_used_any_more_leaves_memory_at_once() -> None:
    gone = weakref.ref(load_base(TOY, "cpu").model)
    load_base(toy(dtype="bfloat16"), "cpu")
    assert gone() is None


def test_a_base_is_frozen_and_in_evaluation_mode() -> None:
    model = load_base(TOY, "cpu").model
    assert not any(p.requires_grad for p in model.parameters())
    assert not any(module.training for module in model.modules())


def test_attention_follows_the_spec() -> None:
    for name in ("eager", "sdpa"):
        model = load_base(toy(attn_implementation=name), "cpu").model
        assert model.config._attn_implementation == name


@pytest.mark.parametrize(
    ("device", "supports", "expected"),
    [
        ("cpu", True, torch.bfloat16),
        ("cpu", False, torch.float32),
        ("cuda:0", True, torch.bfloat16),
        ("cuda:0", False, torch.float16),
    ],
)
def test_auto_is_what_the_device_computes_in(
    device: str, supports: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: supports)
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: supports)
    assert compute_dtype(toy(dtype="auto"), device) == expected
    assert compute_dtype(toy(dtype="float16"), device) == torch.float16


def test_quantization_settings() -> None:
    assert quantization_config(toy(), torch.float32) is None
    int8 = quantization_config(toy(quantization="int8"), torch.float32)
    assert (int8.load_in_8bit, int8.load_in_4bit) == (True, False)
    nf4 = quantization_config(toy(quantization="nf4"), torch.bfloat16)
    assert (nf4.load_in_8bit, nf4.load_in_4bit) == (False, True)
    assert nf4.bnb_4bit_quant_type == "nf4"
    assert nf4.bnb_4bit_use_double_quant is True
    assert nf4.bnb_4bit_compute_dtype == torch.bfloat16


def test_a_tensor_that_is_in_no_file_is_refused_not_made_up(tmp_path: Path) -> None:
    whole = resolve(TOY)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(whole / name, tmp_path)
    tensors = load_file(whole / "model.safetensors")
    del tensors["model.layers.1.self_attn.q_proj.weight"]
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"model\.layers\.1\.self_attn\.q_proj\.weight"):
        load_base(toy(name_or_path=str(tmp_path)), "cpu")
