"""What is exported is a PEFT adapter of task type SEQ_CLS that gives the same scores."""

import json
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from tests.trainables.packing.packs import fields
from tests.trainables.reward_model.trials import config, prepared
from tests.trainables.sft.test_architectures import MODELS
from tests.trainables.sft.trials import TOY, toy_tokenizer
from trainables.context import ListContext
from trainables.data.token_rows import TokenRows
from trainables.forward.passes import TrialRows
from trainables.forward.states import state_pass
from trainables.models.load import load_base
from trainables.models.resolve import resolve
from trainables.packing.pack import Pack
from trainables.reward_model.config import RewardModelConfig
from trainables.reward_model.head import HEAD, scores
from trainables.reward_model.train import train
from trainables.saved import SavedAdapter


def trained(trial: RewardModelConfig) -> tuple[SavedAdapter, list[float]]:
    """The adapter of the last step, and its scores of the validation rows in the pack."""
    context = ListContext(prepared())
    train(trial, context)
    last = next(r for r in reversed(context.reports) if r.checkpoint)
    assert last.checkpoint is not None
    base = load_base(trial.model, "cpu")
    pack = Pack(base, trial.model)
    pack.join("a", trial, ListContext(prepared(), last.checkpoint))
    adapter, rows = pack.trials["a"].adapter, prepared().validation
    (states,) = state_pass(base.model, [TrialRows("a", adapter, rows, range(len(rows)))])
    found = scores(states, adapter.heads[HEAD].detach()).tolist()
    exported = adapter.export()
    pack.close()
    return exported, found


def saved(adapter: SavedAdapter, folder: Path) -> str:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps(adapter.config))
    (folder / "adapter_model.safetensors").write_bytes(adapter.weights)
    return str(folder)


def by_transformers(model: Any, rows: TokenRows, adapter: str) -> list[float]:
    loaded = peft.PeftModel.from_pretrained(model, adapter).eval()
    with torch.no_grad():
        ids = [torch.from_numpy(rows.row(i)).long()[None] for i in range(len(rows))]
        return [float(loaded(input_ids=row).logits) for row in ids]


def test_settings(tmp_path: Path) -> None:
    adapter, _ = trained(config(training=fields(max_steps=2)))
    assert adapter.config["task_type"] == "SEQ_CLS"
    assert adapter.config["modules_to_save"] == ["score"]
    assert adapter.config["r"] == 4


def test_the_toy_gives_the_same_scores(tmp_path: Path) -> None:
    adapter, ours = trained(config(lora=fields(target_modules="all-linear", use_rslora=True)))
    model = AutoModelForSequenceClassification.from_pretrained(
        resolve(TOY), num_labels=1, dtype=torch.float32, pad_token_id=None
    )
    theirs = by_transformers(model, prepared().validation, saved(adapter, tmp_path / "a"))
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert max(ours) - min(ours) > 0.1


@pytest.mark.parametrize("name", MODELS)
def test_an_architecture_gives_the_same_scores(name: str, tmp_path: Path) -> None:
    settings, targets = MODELS[name]
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(settings).save_pretrained(tmp_path / "base")
    toy_tokenizer().save_pretrained(tmp_path / "base")
    adapter, ours = trained(
        config(
            model=fields(name_or_path=str(tmp_path / "base"), dtype="float32"),
            lora=fields(target_modules=targets),
        )
    )
    model = AutoModelForSequenceClassification.from_pretrained(
        tmp_path / "base", num_labels=1, dtype=torch.float32, pad_token_id=None
    )
    theirs = by_transformers(model, prepared().validation, saved(adapter, tmp_path / "a"))
    assert ours == pytest.approx(theirs, abs=1e-5)
    assert max(ours) - min(ours) > 1e-3
