"""The adapter that is written is the one that was measured."""

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load
from transformers import AutoModelForCausalLM

from tests.trainables.sft.trials import config, prepared, run
from trainables.context import ListContext, Report
from trainables.evaluation.answer_loss import answer_loss
from trainables.models.resolve import resolve
from trainables.packing.alone import train_alone

TRIAL = config(
    model={"name_or_path": "toy:llama", "dtype": "bfloat16"},
    training={"learning_rate": 0.02, "num_train_epochs": 1},
    lora={"r": 4, "target_modules": ["q_proj", "v_proj"]},
)


def packed() -> list[Report]:
    context = ListContext(prepared())
    train_alone(TRIAL, context)
    return context.reports


@pytest.fixture(scope="module", params=["isolated", "packed"])
def reports(request: Any) -> list[Report]:
    return run(TRIAL) if request.param == "isolated" else packed()


def test_exported_values_are_those_of_the_base_s_precision(reports: list[Report]) -> None:
    last = [r for r in reports if r.adapter][-1]
    assert last.adapter is not None
    assert last.checkpoint is not None
    exported, trained = load(last.adapter.weights), load(last.checkpoint.adapter)
    assert {t.dtype for t in exported.values()} == {torch.float32}
    for name, values in exported.items():
        assert torch.equal(values, trained[name].bfloat16().float())
    # the optimizer's own values are finer, and stay so
    assert any(not torch.equal(trained[n], exported[n]) for n in exported)


def by_peft(reports: list[Report], folder: Path) -> float:
    """What PEFT measures of the last exported adapter."""
    best = [r for r in reports if r.adapter][-1].adapter
    assert best is not None
    (folder / "adapter_config.json").write_text(json.dumps(best.config))
    (folder / "adapter_model.safetensors").write_bytes(best.weights)
    base = AutoModelForCausalLM.from_pretrained(resolve(TRIAL.model), dtype=torch.bfloat16)
    model = peft.PeftModel.from_pretrained(base, folder).eval()
    rows, budget = prepared().validation, TRIAL.evaluation.max_batch_tokens
    return answer_loss(model, rows, budget).metrics()["val_loss"]


def test_peft_measures_of_the_export_what_was_reported(
    reports: list[Report], tmp_path: Path
) -> None:
    """But for the path: PEFT multiplies in float32, both engines in the base's precision."""
    reported = reports[-1].metrics["val_loss"]
    assert by_peft(reports, tmp_path) == pytest.approx(reported, abs=5e-3)
