"""Handing over the chosen adapter."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.export import ExportError, export_best
from analysis.selection.decision import decided
from tests.analysis import fixtures

TARGETS = ["q_proj", "v_proj"]


@pytest.fixture
def no_tokenizer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which the base model is not at hand."""
    from trainables.models import resolve

    monkeypatch.setattr(resolve, "cached_folder", lambda config: None)


@pytest.mark.usefixtures("no_tokenizer")
def test_copies_the_best_adapter_with_a_card(run_folder: Path, tmp_path: Path) -> None:
    out = export_best(decided(run_folder), tmp_path / "new" / "out")
    assert (out / "adapter_model.safetensors").read_bytes() == b"weights"
    settings = json.loads((out / "adapter_config.json").read_text())
    assert settings == {"r": 8, "peft_type": "LORA", "base_model_name_or_path": fixtures.MODEL}
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f'\nbase_model: "{fixtures.MODEL}"\n' in card.split("---")[1]
    assert "library_name: peft" in card
    assert "trial EXP-004 of the medsweep sweep" in card
    assert "not medical advice" in card
    assert "| `training.num_train_epochs` | 3 |" in card
    assert "| Perplexity | 5.2432 | 2.2300 | −3.0132 |" in card
    assert "lowest Val Loss, 0.6565" in card
    assert f'AutoTokenizer.from_pretrained("{fixtures.MODEL}")' in card


@pytest.mark.usefixtures("no_tokenizer")
def test_an_empty_folder_may_be_filled_and_an_occupied_one_not(
    run_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    export_best(decided(run_folder), out)
    before = sorted(p.name for p in out.iterdir())
    with pytest.raises(ExportError, match="not an empty folder"):
        export_best(decided(run_folder), out)
    assert sorted(p.name for p in out.iterdir()) == before
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(ExportError, match="not an empty folder"):
        export_best(decided(run_folder), file)
    assert file.read_text() == "mine"


def test_nothing_to_export(tmp_path: Path) -> None:
    run = tmp_path / "run"
    fixtures.write_head(run, fixtures.spec())
    fixtures.write_trial(run, 1, {}, {"val_loss": 0.1}, state="stopped")
    with pytest.raises(ExportError, match=r"nothing to export\. No trial could be chosen"):
        export_best(decided(run), tmp_path / "out")
    fixtures.write_trial(run, 2, {}, {"val_loss": 0.1})
    for file in (run / "trials/EXP-002/adapter").iterdir():
        file.unlink()
    (run / "trials/EXP-002/adapter").rmdir()
    with pytest.raises(ExportError, match="EXP-002 has no adapter folder"):
        export_best(decided(run), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_tokenizer")
def test_labels_become_no_markup_in_the_card(tmp_path: Path) -> None:
    run = tmp_path / "run"
    fixtures.write_head(run, fixtures.spec())
    fixtures.write_trial(run, 1, {"lora.r": 8}, {"val_loss": 0.1}, label=fixtures.HOSTILE)
    card = (export_best(decided(run), tmp_path / "out") / "README.md").read_text(encoding="utf-8")
    assert "<script>" not in card
    assert "&lt;script>alert('x')" in card


def write_toy_run(folder: Path) -> Any:
    """A run whose best trial has a real adapter on the toy model; returns the adapted model."""
    import torch
    from peft import LoraConfig, get_peft_model

    from trainables.models.config import ModelConfig
    from trainables.models.load import _load

    fixtures.write_head(folder, fixtures.spec())
    fixtures.write_trial(folder, 1, {"model.name_or_path": "toy:llama"}, {"val_loss": 0.1})
    path = folder / "trials" / "EXP-001" / "config.json"
    written = json.loads(path.read_text())
    written["config"]["model"] = {"name_or_path": "toy:llama", "dtype": "float32"}
    path.write_text(json.dumps(written))
    base = _load(ModelConfig(name_or_path="toy:llama", dtype="float32"), "cpu")
    settings = LoraConfig(r=4, target_modules=TARGETS, init_lora_weights=False)
    torch.manual_seed(0)
    model = get_peft_model(base.model, settings)
    model.save_pretrained(path.parent / "adapter")
    return model


def follow_the_card(folder: Path) -> dict[str, Any]:
    """Run the code of the card's section on loading; returns its names."""
    card = (folder / "README.md").read_text(encoding="utf-8")
    code = card.split("```python\n")[1].split("```")[0].replace("THIS_FOLDER", str(folder))
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def test_adapter_and_merged_model_load_and_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from trainables.models.config import ModelConfig
    from trainables.models.load import load_base

    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    expected = write_toy_run(tmp_path / "run").eval()
    toy = ModelConfig(name_or_path="toy:llama", dtype="float32")
    tokens = torch.arange(12)[None]
    with torch.no_grad():
        wanted = expected(tokens).logits
        plain = load_base(toy, "cpu").model(tokens).logits
        assert not torch.allclose(wanted, plain, atol=1e-3)

        adapter = export_best(decided(tmp_path / "run"), tmp_path / "adapter")
        fresh = AutoModelForCausalLM.from_pretrained(load_base(toy, "cpu").folder)
        tuned = PeftModel.from_pretrained(fresh, adapter).eval()
        assert torch.allclose(tuned(tokens).logits, wanted, atol=1e-6)
        assert AutoTokenizer.from_pretrained(adapter).encode("ok")
        names = follow_the_card(adapter)
        assert torch.allclose(names["model"].eval()(tokens).logits, wanted, atol=1e-6)

        merged = export_best(decided(tmp_path / "run"), tmp_path / "merged", merge=True)
        assert not list(merged.glob("adapter*"))
        assert (merged / "model.safetensors").is_file()
        whole = AutoModelForCausalLM.from_pretrained(merged).eval()
        assert torch.allclose(whole(tokens).logits, wanted, atol=1e-5)
        assert AutoTokenizer.from_pretrained(merged).encode("ok")
        card = (merged / "README.md").read_text(encoding="utf-8")
        assert "library_name: transformers" in card
        assert "base_model:" not in card  # toy:llama is no hub name
        followed = follow_the_card(merged)["model"]
        assert torch.allclose(followed.eval()(tokens).logits, wanted, atol=1e-5)
        assert torch.equal(load_base(toy, "cpu").model(tokens).logits, plain)  # still untouched
