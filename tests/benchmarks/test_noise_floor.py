"""The noise floor's benchmark: its paths lead to one number, and its shares are right."""

import pytest
import torch
from safetensors.torch import load, save

from benchmarks.noise_floor import compared
from benchmarks.numeric_paths import PATHS, Adapters
from tests.trainables.sft.trials import TOY, prepared
from trainables.evaluation.answer_loss import answer_loss
from trainables.forward.adapter import fresh_adapter
from trainables.models.config import LoraConfig
from trainables.models.load import Base, load_base
from trainables.saved import SavedAdapter


def drawn(base: Base, seed: int) -> SavedAdapter:
    """An adapter that adds something."""
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"])
    fresh = fresh_adapter(base, lora, seed).export()
    generator = torch.Generator().manual_seed(seed)
    tensors = {
        name: torch.randn(tensor.shape, generator=generator) / 5
        for name, tensor in load(fresh.weights).items()
    }
    return SavedAdapter(fresh.config, save(tensors))


def test_all_paths_lead_to_one_loss_in_float32() -> None:
    base, rows = load_base(TOY, "cpu"), prepared().validation
    chosen: Adapters = {str(seed): drawn(base, seed) for seed in (1, 2)}
    untouched = answer_loss(base.model, rows, 4096).metrics()["val_loss"]
    found = {name: path(base, chosen, rows) for name, path in PATHS.items()}
    assert found.pop("repacked") == {}  # only of 4-bit weights
    for losses in found.values():
        assert losses == pytest.approx(found["peft"], abs=1e-5)
    assert abs(found["peft"]["1"] - found["peft"]["2"]) > 1e-3
    assert answer_loss(base.model, rows, 4096).metrics()["val_loss"] == untouched


def test_changes_of_differences_by_hand() -> None:
    """The demo's EXP-003 and EXP-005 by four paths."""
    losses = {
        "engine": {"3": 2.6074, "5": 2.6067},
        "peft": {"3": 2.6090, "5": 2.6050},
        "repacked": {"3": 2.6054, "5": 2.6101},
        "float32": {"3": 2.6055, "5": 2.6064},
    }
    # differences 7, 40, -47, -9 (in 1e-4): they change by 33, 54, 16, 87, 49, 38
    found = compared(losses, 0.0045)
    assert (found["changes"], found["within"]) == (6, round(3 / 6, 4))
    assert found["largest_change"] == 0.0087
    assert found["beyond"] == 3  # repacked's -47, against three others
    assert found["upheld"] == round(1 / 3, 4)  # by float32's -9
    assert compared(losses, 0.01)["upheld"] is None
