"""Predicted memory of reward models and PPO: by hand, and against what autograd keeps."""

from pathlib import Path
from typing import Any

import pytest
import torch

from cluster.memory import (
    Load,
    ModelShape,
    activation_bytes,
    adapter_bytes,
    base_bytes,
    frozen_adapter_bytes,
    key_value_bytes,
    softmax_bytes,
    stacked_bytes,
)
from sweeps.readiness.predicted_memory import Call, _answers, _pairs, peak_bytes
from tests.trainables.packing.packs import kept_for_backward
from tests.trainables.ppo.trials import ppo
from tests.trainables.reward_model import trials as reward
from tests.trainables.sft.trials import TOY, prepared
from trainables.context import ListContext
from trainables.data.prepared import Prepared
from trainables.forward import attention
from trainables.forward.adapter import fresh_adapter, saved_adapter
from trainables.forward.key_values import KeyValues, token_bytes
from trainables.models.header import tensor_shapes
from trainables.models.load import device_now, load_base
from trainables.models.resolve import resolve
from trainables.packing.pack import Pack
from trainables.training.config import SingleTrial

SHAPE = ModelShape(64, 128, 2, 4, 2, 16, 259)  # the toy model's
TARGETS = ["q_proj", "v_proj"]
REPORT = {"tokens": {"train": 1000, "answer_train": 250}, "kept": {"train": 50}}
ADAPTER = 4 * 2 * (64 + 64) + 4 * 2 * (64 + 32)  # rank 4 in two layers: q 64 → 64, v 64 → 32


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    monkeypatch.setattr(attention, "WRITTEN_OUT", 0)  # the kernel that a GPU has
    resolve(TOY)


def kept_by_a_step(trial: SingleTrial, data: Prepared) -> tuple[int, ListContext]:
    """Bytes of storage that a trial's first step keeps for backward, weights apart."""
    base = load_base(TOY, device_now())
    pack, context = Pack(base, TOY), ListContext(data)
    pack.join("a", trial, context)
    kept = kept_for_backward(pack)
    pack.close()
    return kept, context


def test_an_update_keeps_what_is_predicted() -> None:
    asked: dict[str, Any] = {"per_device_train_batch_size": 11, "response_length": 24}
    trial = ppo(training={**asked, "num_ppo_epochs": 1, "num_mini_batches": 1})
    data = prepared()
    kept, context = kept_by_a_step(trial, data)
    answers = round(context.reports[0].metrics["sampled_answer_tokens"] * 11)
    load = Load(int(data.train.answer_start.sum()) + answers, answers, 4, TARGETS)
    predicted = activation_bytes(SHAPE, [load], 4)
    # the logits' gradient and the softmax come at the peak
    predicted -= answers * 259 * 4 + softmax_bytes(SHAPE, answers)
    assert predicted == pytest.approx(kept, rel=0.06)


def test_a_batch_of_pairs_keeps_what_is_predicted() -> None:
    trial, data = (
        reward.config(training={"per_device_train_batch_size": 11}),
        reward.prepared(),
    )
    kept, _ = kept_by_a_step(trial, data)
    tokens = int(data.train.lengths().sum())
    predicted = activation_bytes(SHAPE, [Load(tokens, 0, 4, TARGETS)], 4)
    assert predicted == pytest.approx(kept, rel=0.06)


def test_calls_by_hand() -> None:
    """Rows of 15 tokens of prompt and 5 of answer."""
    asked = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 2}
    trial = ppo(training={**asked, "response_length": 10, "num_mini_batches": 3})
    assert _answers(trial, REPORT) == Call(6 * 25, 6 * 10, 16 * 25)
    pairs = reward.config(training={"per_device_train_batch_size": 3})
    assert _pairs(pairs, REPORT) == Call(3 * 20, 0)


@pytest.mark.parametrize("size", [1, 3])
def test_peaks_by_hand(size: int) -> None:
    shapes = tensor_shapes(load_base(TOY, device_now()).folder)
    base = base_bytes(shapes, [], "none", 4)
    pairs = reward.config()
    load = Load(40, 0, 4, TARGETS)
    trained = adapter_bytes(ADAPTER, 4, states=8)
    stacked = stacked_bytes(ADAPTER, 4, size)
    wanted = base + stacked + size * (trained + activation_bytes(SHAPE, [load], 4))
    assert peak_bytes(pairs, REPORT, size) == pytest.approx(wanted, rel=1e-12)

    trial = ppo(
        training={"response_length": 25},
        reward={"weights": {"brevity": 1, "reward_model": 1}},
    )
    load = Load(2 * 40, 2 * 25, 4, TARGETS)
    held = trained + 2 * frozen_adapter_bytes(ADAPTER, 4)
    updating = activation_bytes(SHAPE, [load], 4)
    assert updating > 4 * 40 * key_value_bytes(SHAPE, 4)
    wanted = base + stacked + size * (held + updating)
    assert peak_bytes(trial, REPORT, size) == pytest.approx(wanted, rel=1e-12)

    rerun = {"gradient_checkpointing": True, "num_mini_batches": 64}
    wide = ppo(training={**rerun, "response_length": 25, "per_device_train_batch_size": 64})
    writing = 64 * 40 * key_value_bytes(SHAPE, 4)
    wanted = base + stacked + size * (trained + frozen_adapter_bytes(ADAPTER, 4) + writing)
    assert peak_bytes(wide, REPORT, size) == pytest.approx(wanted, rel=1e-12)


def test_frozen_adapters_hold_weights_only() -> None:
    base = load_base(TOY, device_now())
    trial = ppo()
    trained = fresh_adapter(base, trial.lora, 1)
    frozen = saved_adapter(base, trained.export())
    assert trained.held_bytes == adapter_bytes(ADAPTER, 4, states=8)
    assert frozen.held_bytes == frozen_adapter_bytes(ADAPTER, 4)
    assert frozen.flat.grad is None
    for name, weights in frozen.by_name(frozen.flat.data).items():
        assert torch.equal(weights, trained.by_name(trained.flat.data)[name])


def test_keys_and_values() -> None:
    base = load_base(TOY, device_now())
    assert key_value_bytes(SHAPE, 4) == token_bytes(base.model)
    cache, found = KeyValues(3, 7), torch.zeros(1, 2, 3, 16)
    cache.expect(torch.arange(3), torch.zeros(3, dtype=torch.long))
    for layer in range(2):
        cache.put(layer, found, found)
    held = sum(x.nbytes for pair in cache._layers.values() for x in pair)
    assert held == 3 * 7 * key_value_bytes(SHAPE, 4)
