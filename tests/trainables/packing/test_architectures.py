"""Other architectures than Llama, packed by the hooks alone: as in TRL's trainer."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.trainables.packing.packs import fields, largest_difference, run_pack
from tests.trainables.sft.test_architectures import MODELS
from tests.trainables.sft.trials import config, run, toy_tokenizer
from trainables.models.load import load_base

# the frozen base runs without its own dropout in a pack, with it in TRL's trainer
NO_DROPOUT = {
    "gpt2": ("attn_pdrop", "embd_pdrop", "resid_pdrop"),
    "opt": ("dropout", "attention_dropout", "activation_dropout"),
    "biogpt": ("attention_probs_dropout_prob", "hidden_dropout_prob", "activation_dropout"),
}


@pytest.mark.parametrize("name", MODELS)
def test_an_architecture_packs(name: str, tmp_path: Path) -> None:
    settings, targets = MODELS[name]
    quiet: dict[str, Any] = dict.fromkeys(NO_DROPOUT.get(name, ()), 0.0)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(type(settings)(**{**settings.to_dict(), **quiet}))
    model.save_pretrained(tmp_path)
    toy_tokenizer().save_pretrained(tmp_path)
    where = fields(name_or_path=str(tmp_path), dtype="float32")
    trials = {
        "one": config(model=where, lora=fields(target_modules=targets)),
        "all": config(model=where, lora=fields(r=2, target_modules="all-linear")),
    }
    packed = run_pack(load_base(trials["one"].model, "cpu"), trials)
    for trial, reports in packed.items():
        reference = run(trials[trial])
        assert largest_difference(reports, reference) < 1e-4
        assert reports[-1].predictions == reference[-1].predictions
