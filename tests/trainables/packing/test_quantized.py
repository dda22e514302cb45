"""Quantized bases and gradient checkpointing in a pack."""

import pytest
import torch

from tests.trainables.packing.packs import fields, largest_difference, run_pack
from tests.trainables.sft.trials import config, prepared, run
from trainables.evaluation.answer_loss import answer_loss
from trainables.forward.int8 import as_before, dequantise_in_calls, dequantised, int8_modules
from trainables.models.load import load_base
from trainables.sft.config import SFTConfig


def trials(**model: object) -> dict[str, SFTConfig]:
    base = fields(name_or_path="toy:llama", dtype="float32", **model)
    return {
        "one": config(model=base, lora=fields(r=3, target_modules="all-linear")),
        "two": config(model=base, lora=fields(r=8, lora_dropout=0.1), training=fields(seed=2)),
    }


@pytest.mark.parametrize("quantization", ["nf4", "int8"])
def test_a_quantized_base_packs(quantization: str) -> None:
    packed = trials(quantization=quantization)
    base = load_base(packed["one"].model, "cpu")
    found = run_pack(base, packed)
    for name, trial in packed.items():
        assert largest_difference(found[name], run_pack(base, {name: trial})[name]) < 1e-4
        losses = [r.metrics["val_loss"] for r in found[name] if "val_loss" in r.metrics]
        assert losses[-1] < losses[0] - 0.1


def test_nf4_is_trl_with_nf4() -> None:
    packed = trials(quantization="nf4")
    found = run_pack(load_base(packed["one"].model, "cpu"), packed)
    assert largest_difference(found["one"], run(packed["one"])) < 1e-4


def test_int8_is_its_codes_times_its_scales() -> None:
    model = load_base(trials(quantization="int8")["one"].model, "cpu").model
    module = next(int8_modules(model))
    x = torch.randn(1, 5, module.in_features, requires_grad=True)
    by_llm_int8 = module(x)
    dequantise_in_calls(model)
    ours = module(x)
    weight = dequantised(module.state.CB, module.state.SCB, torch.float32)
    as_before(model)
    expected = torch.stack([weight.double() @ row for row in x[0].detach().double()])
    torch.testing.assert_close(ours[0].double(), expected, rtol=1e-5, atol=1e-6)
    # LLM.int8 rounds its inputs to 8 bits too: close, not the same
    difference = float(((ours - by_llm_int8).norm() / ours.norm()).detach())
    assert 0 < difference < 0.02
    ours.sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad[0, 0], weight.sum(0), rtol=1e-5, atol=1e-5)
    assert torch.equal(module(x), by_llm_int8)


def test_after_a_pack_int8_is_llm_int8_again() -> None:
    packed = trials(quantization="int8")
    base = load_base(packed["one"].model, "cpu")
    before = answer_loss(base.model, prepared().validation, 4096)
    run_pack(base, {"one": packed["one"]})
    assert answer_loss(base.model, prepared().validation, 4096) == before


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_gradient_checkpointing_changes_nothing(dropout: float) -> None:
    plain = trials()
    for name, trial in plain.items():
        lora = trial.lora.model_copy(update={"lora_dropout": dropout})
        plain[name] = trial.model_copy(update={"lora": lora})
    training = plain["one"].training.model_copy(update={"gradient_checkpointing": True})
    recomputed = {**plain, "one": plain["one"].model_copy(update={"training": training})}
    base = load_base(plain["one"].model, "cpu")
    expected, found = run_pack(base, plain), run_pack(base, recomputed)
    for name, reports in found.items():
        assert largest_difference(reports, expected[name]) < 1e-6
    assert not any(layer.training for layer in base.model.model.layers)


def test_gradient_checkpointing_computes_layers_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    base = load_base(trials()["one"].model, "cpu")
    calls = []
    first = base.model.model.layers[0].mlp
    handle = first.register_forward_pre_hook(lambda *_: calls.append(1))
    for recompute, times in ((False, 1), (True, 2)):
        calls.clear()
        trial = config(training=fields(max_steps=1, gradient_checkpointing=recompute))
        trial = trial.model_copy(
            update={"evaluation": trial.evaluation.model_copy(update={"metrics": ("perplexity",)})}
        )
        run_pack(base, {"a": trial})
        assert len(calls) == times + 1  # one evaluation
    handle.remove()
