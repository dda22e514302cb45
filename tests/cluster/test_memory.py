"""The memory model against bytes that autograd really keeps, and weights that really lie there."""

import dataclasses
from math import prod
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from cluster.memory import (
    SOFTMAX_NUMBERS,
    Load,
    ModelShape,
    activation_bytes,
    adapter_bytes,
    base_bytes,
    softmax_bytes,
    stacked_bytes,
)
from tests.trainables.packing.packs import kept_for_backward
from tests.trainables.sft.trials import config, pairs, token_rows_of, toy_tokenizer
from trainables.context import ListContext
from trainables.data.prepared import Prepared
from trainables.forward import attention
from trainables.forward.log_probs import CHUNK
from trainables.models.config import ModelConfig
from trainables.models.load import Base, load_base
from trainables.packing.pack import Pack

SIZES = {
    "hidden_size": 128,
    "intermediate_size": 344,
    "num_hidden_layers": 3,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
    "vocab_size": 259,
}
SHAPE = ModelShape(128, 344, 3, 8, 2, 16, 259)


def kept_bytes(
    dtype: torch.dtype, targets: list[str], trials: int, dropout: float
) -> tuple[int, list[Load]]:
    """Bytes of storage that a step keeps for backward, weights and their copies apart, and the
    step's loads."""
    model = LlamaForCausalLM(LlamaConfig(**SIZES)).to(dtype).requires_grad_(False).eval()
    base = Base(model, toy_tokenizer(), load_base_folder(), dtype)
    pack = Pack(base, ModelConfig(name_or_path="x"))
    rows = token_rows_of(pairs(0, 8), toy_tokenizer())
    for number in range(trials):
        trial = config(
            lora={"r": 4 + number, "target_modules": targets, "lora_dropout": dropout},
            training={"per_device_train_batch_size": 8, "max_steps": 100},
        )
        pack.join(str(number), trial, ListContext(Prepared("x", rows, rows, {})))
    kept = kept_for_backward(pack)
    # ranks are padded to the largest
    largest = max(len(trial.adapter.flat) for trial in pack.trials.values())
    kept -= stacked_bytes(largest, dtype.itemsize, trials)
    pack.close()
    tokens, answers = int(rows.lengths().sum()), rows.answer_tokens()
    drops = dropout > 0
    loads = [Load(tokens, answers, 4 + number, targets, drops) for number in range(trials)]
    return kept, loads


def load_base_folder() -> Any:
    return load_base(ModelConfig(name_or_path="toy:llama", dtype="float32"), "cpu").folder


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize(("trials", "dropout"), [(1, 0), (3, 0), (1, 0.1), (3, 0.1)])
@pytest.mark.parametrize(
    "targets",
    [
        ["q_proj", "v_proj"],
        ["q_proj", "k_proj", "v_proj", "o_proj"],
        ["q_proj", "v_proj", "gate_proj", "up_proj", "down_proj", "o_proj", "k_proj"],
    ],
)
def test_activations_are_those_that_autograd_keeps(
    dtype: torch.dtype,
    targets: list[str],
    trials: int,
    dropout: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attention, "WRITTEN_OUT", 0)  # the kernel that a GPU has
    kept, loads = kept_bytes(dtype, targets, trials, dropout)
    width = dtype.itemsize
    predicted = activation_bytes(SHAPE, loads, width)
    # their gradient and the softmax come at the peak
    answers = sum(load.answers for load in loads)
    predicted -= answers * 259 * width + softmax_bytes(SHAPE, answers)
    assert predicted == pytest.approx(kept, rel=0.04)


def test_hand_computed() -> None:
    shape = ModelShape(4, 6, 2, 2, 1, 2, 10)
    load = Load(tokens=3, answers=2, r=5, targets=["q_proj", "v_proj"])
    norms, attention, mlp, lora = 2 * (16 + 4), 2 * (8 + 4) + 8, 3 * 2 * 6, 2 * 5 * 2 + 2 * 4
    logits = 2 * 10 * (2 + 2) + 2 * 10 * (4 + 4)
    layer = 3 * (norms + attention + mlp + lora)
    assert activation_bytes(shape, [load], 2) == 2 * layer + logits
    assert activation_bytes(shape, [load], 2, True) == 2 * 3 * 4 * 2 + layer + logits
    assert activation_bytes(shape, [load, load], 2) == 2 * (2 * layer + logits)
    dropped = dataclasses.replace(load, dropout=True)  # a byte a number, a mask a module
    assert activation_bytes(shape, [dropped], 2) == 2 * (layer + 3 * 2 * 4) + logits
    assert softmax_bytes(shape, 2**26) == 2**26 * 8
    assert SOFTMAX_NUMBERS == CHUNK
    assert adapter_bytes(10, 2, states=8) == 10 * (4 + 4 + 8 + 2)
    assert adapter_bytes(10, 4, states=8) == 10 * (4 + 4 + 8)
    assert stacked_bytes(10, 2, 1) == 0  # alone, they are used as they are
    assert stacked_bytes(10, 2, 3) == 3 * 10 * 2
    shapes = {"a.weight": (64, 64), "norm.weight": (64,)}
    assert base_bytes(shapes, ["a.weight"], "none", 2) == 2 * (4096 + 64)
    assert base_bytes(shapes, ["a.weight"], "int8", 2) == 4096 + 128
    nf4 = 4096 / 2 + 4096 / 64 + 4096 / 64 / 256 * 4 + 128
    assert base_bytes(shapes, ["a.weight"], "nf4", 2) == pytest.approx(nf4)


def test_config_json() -> None:
    assert ModelShape.of(SIZES) == SHAPE
    assert ModelShape.of({**SIZES, "head_dim": 32, "num_key_value_heads": None}) == ModelShape(
        128, 344, 3, 8, 8, 32, 259
    )
    assert ModelShape.of({"n_embd": 4}) is None


@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_base_bytes_are_those_of_the_loaded_model(quantization: Any) -> None:
    from trainables.models.header import tensor_shapes
    from trainables.models.targets import linear_modules

    settings = ModelConfig(name_or_path="toy:llama", dtype="float32", quantization=quantization)
    base = load_base(settings, "cpu")
    shapes = tensor_shapes(base.folder)
    linear = [f"{name}.weight" for name in linear_modules(shapes)]
    predicted = base_bytes(shapes, linear, quantization, 4)
    held = sum(p.numel() * p.element_size() for p in base.model.parameters())
    for module in base.model.modules():
        state = getattr(getattr(module, "weight", None), "quant_state", None)
        if state is not None:
            held += state.absmax.nbytes + state.state2.absmax.nbytes
    assert sum(map(prod, shapes.values())) == 107_200
    assert predicted == pytest.approx(held, rel=0.02)
