"""The Fisher information against gradients taken row by row, and its cache."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.sft.trials import TOY, pairs, token_rows_of, toy_tokenizer
from trainables.data.token_rows import TokenRows
from trainables.models.config import ModelConfig
from trainables.models.load import load_base
from trainables.regularizers.fisher import fisher, fisher_key, kept

LAYERS = ("model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj")


def rows(first: int = 0, count: int = 3) -> TokenRows:
    return token_rows_of(pairs(first, count), toy_tokenizer())


def by_hand(model: Any, weight: torch.nn.Parameter, data: TokenRows) -> torch.Tensor:
    """The mean of squared gradients of log p(answer | question), written from the definition."""
    total = torch.zeros_like(weight)
    for number in range(len(data)):
        ids = torch.from_numpy(data.row(number).astype("int64"))
        start = int(data.answer_start[number])
        probabilities = model(input_ids=ids[None]).logits[0].log_softmax(-1)
        likelihood = sum(probabilities[t - 1, ids[t]] for t in range(start, len(ids)))
        (gradient,) = torch.autograd.grad(likelihood, weight)
        total += gradient.square()
    return total / len(data)


def test_it_is_the_mean_of_squared_gradients() -> None:
    model, data = load_base(TOY, "cpu").model, rows()
    modules = {path: model.get_submodule(path) for path in LAYERS}
    frozen = fisher(model, data, {}, modules)  # no weight of the model requires a gradient
    weights = {path: module.weight for path, module in modules.items()}
    weights["norm"] = model.model.norm.weight
    for weight in weights.values():
        weight.requires_grad_(True)
    try:
        trained = fisher(model, data, weights, {})
        for path, weight in weights.items():
            expected = by_hand(model, weight, data)
            assert expected.max() > 0
            assert torch.allclose(trained[path], expected, rtol=1e-4, atol=1e-12)
            if path in frozen:
                assert torch.allclose(frozen[path], expected, rtol=1e-4, atol=1e-12)
    finally:
        model.requires_grad_(False)
    assert all(p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks for m in modules.values())


def test_a_quantized_base_has_that_of_its_dequantised_weights() -> None:
    from bitsandbytes.functional import dequantize_4bit

    config = ModelConfig(name_or_path="toy:llama", quantization="nf4", dtype="float32")
    packed, plain, data = load_base(config, "cpu").model, load_base(TOY, "cpu").model, rows()
    packed_layer = packed.get_submodule(LAYERS[0])
    found = fisher(packed, data, {}, {"it": packed_layer})["it"]
    for name, module in plain.named_modules():
        other = packed.get_submodule(name)
        if getattr(getattr(other, "weight", None), "quant_state", None) is not None:
            module.weight.data = dequantize_4bit(other.weight.data, other.weight.quant_state)
    expected = fisher(plain, data, {}, {"it": plain.get_submodule(LAYERS[0])})["it"]
    load_base(config, "cpu")  # the changed model is no longer the warm one
    assert torch.allclose(found, expected, rtol=1e-2, atol=1e-6 * float(expected.max()))


def test_the_key_names_all_that_matters(tmp_path: Path) -> None:
    folder = load_base(TOY, "cpu").folder
    (tmp_path / "model.safetensors").write_bytes(b"others")
    keys = {
        fisher_key(folder, rows()),
        fisher_key(folder, rows(1)),
        fisher_key(folder, rows(), "bfloat16"),
        fisher_key(tmp_path, rows()),
    }
    assert len(keys) == 4
    assert fisher_key(folder, rows()) in keys


def test_it_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    made = []

    def make() -> dict[str, torch.Tensor]:
        made.append(1)
        return {"w": torch.arange(6.0).view(2, 3).T}

    first, second = kept("k", make), kept("k", make)
    assert len(made) == 1
    assert torch.equal(first["w"], second["w"])
    assert first["w"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
