"""The benchmark of memory on the toy model: predictions hold, and a squeezed pack goes on."""

import argparse
import json
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
import torch

from benchmarks import memory_limit, shapes
from benchmarks.meter import Kept, cpu_limit, held_bytes, limited
from benchmarks.packing import token_rows
from tests.trainables.sft.toy_cache import toy_cache
from tests.trainables.sft.trials import TOY
from trainables.forward import attention
from trainables.models.load import load_base
from trainables.packing.pack import Pack
from trainables.training.order import step_batches

__all__ = ["toy_cache"]
SMALL = {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 300,
    "tie_word_embeddings": True,
}


@pytest.fixture(autouse=True)
def _fused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "WRITTEN_OUT", 0)  # the kernel that a GPU has


@pytest.mark.parametrize("model", ["toy", "llama-3.2-3b"])
def test_a_table_and_a_file(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy_cache: None
) -> None:
    monkeypatch.setitem(shapes.SHAPES, "llama-3.2-3b", SMALL)
    # a machine's own choice otherwise; rows of equal lengths keep one tensor less than predicted
    # (o_proj's input is attention's output), which weighs more in float32
    monkeypatch.setattr(shapes, "compute_dtype", lambda *_: torch.bfloat16)
    monkeypatch.setattr(memory_limit, "LARGEST", 3)
    out = tmp_path / "memory.json"
    words = f"memory_limit --model {model} --tokens 64 --k 1 2 --json {out}"
    monkeypatch.setattr(sys, "argv", words.split())
    memory_limit.main()
    rows = json.loads(out.read_text())
    isolated, *packed, squeezed = rows
    assert [row["engine"] for row in rows] == ["isolated", *["packed"] * 3, "squeezed"]
    assert [row["k"] for row in packed] == [1, 2, 3]
    assert [row["outcome"] for row in rows] == ["trained"] * 5
    assert [row["measured_to_predicted"] for row in packed] == pytest.approx([1] * 3, abs=0.03)
    assert all(row["fits"] and row["calls_of"] == 8192 for row in packed)
    assert squeezed["measured_gb"] <= squeezed["limit_gb"] < squeezed["predicted_gb"]
    assert not squeezed["fits"]
    assert squeezed["calls_of"] == 2 * 4 * 64 // 2
    assert isolated["measured_gb"] > 0
    assert all(row["model"] == model and row["device"]["cpus"] for row in rows)


def toy_case(folder: Path) -> memory_limit.Case:
    """Trials of 2 batches of 4 rows of 32 tokens, whose first steps show in the weights."""
    options = argparse.Namespace(
        model="toy", quantization="none", device="cpu", r=4, targets=["q_proj", "v_proj"],
        batch=4, accumulation=2, tokens=32, steps=2,
    )  # fmt: skip
    with patch.object(memory_limit, "base_model", lambda *_: load_base(TOY, "cpu")):  # in float32
        case = memory_limit.case(options, folder)
    shown = {"learning_rate": 1e-2, "warmup_steps": 0}
    training = case.config.training.model_copy(update=shown)
    return case._replace(config=case.config.model_copy(update={"training": training}))


def trained(case: memory_limit.Case, k: int, limit: float) -> tuple[list[torch.Tensor], int]:
    """Adapters of k trials after their steps within a limit in bytes, and their calls."""
    pack: Pack = memory_limit.pack_of(case, k)
    adapters = [trial.adapter for trial in pack.trials.values()]
    with limited(case.base.model, adapters, limit):
        assert memory_limit.train(pack, steps=2) == "trained"
    pack.close()
    return [adapter.flat.detach().clone() for adapter in adapters], pack.max_tokens


def test_half_the_calls_train_the_same(tmp_path: Path, toy_cache: None) -> None:
    case = toy_case(tmp_path)
    whole, calls = trained(case, 2, 1e9)
    parts, smaller = trained(case, 2, 0.85 * case.predicted(2))
    assert (calls, smaller) == (8192, 128)
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def test_a_step_that_fails_half_way_begins_again(tmp_path: Path, toy_cache: None) -> None:
    case = toy_case(tmp_path)
    first, second = step_batches(16, 4, 2, 0, 0)
    lengths = [16 if i in first else 64 if i in second else 32 for i in range(16)]
    rows = token_rows(lengths, 259, seed=0)
    case = case._replace(data=case.data._replace(train=rows))
    (whole,), _ = trained(case, 1, 1e9)
    limit = 1.2 * case.predicted(1)  # of the mean batch, half as large as the second
    (parts,), calls = trained(case, 1, limit)
    assert calls == 4 * 64 // 2
    torch.testing.assert_close(whole, parts, rtol=1e-3, atol=1e-5)


def test_what_autograd_keeps_is_counted_and_let_go() -> None:
    weight, x = torch.ones(8, 8, requires_grad=True), torch.ones(2, 8)
    with cpu_limit(1e9, [weight], held=100.0) as measured:
        y = (x @ weight).exp()  # keeps x and the result, the weights apart
        assert measured() == {"peak": 100 + x.nbytes + y.nbytes}
        y.sum().backward()
        (x @ weight).exp()
        assert measured() == {"peak": 100 + x.nbytes + y.nbytes}
    with cpu_limit(100.0 + x.nbytes, [weight], held=100.0):
        x @ weight
        with pytest.raises(torch.OutOfMemoryError):
            (x @ weight).exp()


def test_a_storage_counts_once() -> None:
    kept, storage = Kept(set(), 100.0), torch.zeros(4).untyped_storage()
    kept.hold(storage)
    kept.hold(storage)
    assert kept.now == storage.nbytes()
    kept.release(storage)
    assert kept.now == storage.nbytes()
    kept.release(storage)
    assert (kept.now, kept.most) == (0, storage.nbytes())


def test_held_bytes_are_those_of_weights() -> None:
    model = torch.nn.Linear(3, 2)
    assert held_bytes(model, []) == 4 * (3 * 2 + 2)
