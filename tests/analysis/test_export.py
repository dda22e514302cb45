"""Handing over the chosen adapter."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.decision import decided
from analysis.export import ExportError, export_best
from analysis.measured_again import Again
from analysis.measured_weights import QUANTIZED, merged_numbers, provenance
from analysis.runs import TrialView
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


def leaving(folder: Path) -> list[str]:
    """All that lies in a folder, hidden ones too."""
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.usefixtures("no_tokenizer")
@pytest.mark.parametrize("wrong", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("there", [False, True])
def test_an_export_is_whole_or_absent_and_a_failed_one_blocks_nothing(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: Any, there: bool
) -> None:
    home, out = tmp_path / "home", tmp_path / "home" / "deep" / "out"
    home.mkdir()
    if there:
        out.mkdir(parents=True)

    def raises(*_: Any, **__: Any) -> str:
        raise wrong

    with monkeypatch.context() as patch:
        patch.setattr("analysis.export.model_card", raises)  # the adapter is copied by then
        said = ExportError if isinstance(wrong, OSError) else KeyboardInterrupt
        with pytest.raises(said):
            export_best(decided(run_folder), out)
    if there:
        assert (leaving(out.parent), leaving(out)) == (["out"], [])
    else:
        assert leaving(home) == []
    export_best(decided(run_folder), out)
    assert {"README.md", "adapter_model.safetensors"} <= set(leaving(out))
    assert leaving(out.parent) == ["out"]


def test_where_nothing_can_be_written(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ExportError, match="nothing was exported"):
        export_best(decided(run_folder), tmp_path / "file" / "out")


@pytest.mark.parametrize("quantized", ["nf4", "int8", "none"])
@pytest.mark.parametrize("onto", ["base", "dequantized"])
def test_the_card_says_what_its_numbers_are_of(quantized: str, onto: Any) -> None:
    trial = TrialView(
        "EXP-001",
        1,
        config={"model": {"quantization": quantized}},
        metrics={"val_loss": 2.6067, "rouge1": 0.2},
        evaluation={"loss_rows": 24},
        finished="2026-03-01T10:00:00+00:00",
    )
    text = provenance(trial, True)
    assert "| Validation rows | 24 |" in text
    assert "| Measured on | 2026-03-01 |" in text
    assert f"| Quantization while measured | {QUANTIZED.get(quantized, quantized)} |" in text
    table = merged_numbers(trial, Again({"val_loss": 2.5338, "perplexity": 12.6}), onto)
    assert "| Val Loss | 2.6067 | 2.5338 |" in table
    assert "12.6" not in table  # the trial has none
    assert ("unquantized" in table) == (onto == "base")
    assert ("--merge-onto dequantized" in table) == (quantized != "none" and onto == "base")
    unknown = merged_numbers(trial, Again({}, "the data has 3 rows now"), onto)
    assert "not of the weights in this folder" in unknown
    assert "since the data has 3 rows now" in unknown


def quantized_none(folder: Path) -> None:
    """Turn the chosen trial of the fixtures' run into one on an unquantized base."""
    path = folder / "trials" / "EXP-004" / "config.json"
    written = json.loads(path.read_text())
    written["config"]["model"]["quantization"] = "none"
    path.write_text(json.dumps(written))


def test_merge_onto_what_is_not_there(run_folder: Path, tmp_path: Path) -> None:
    quantized_none(run_folder)
    for merge, said in [(True, "no quantized base"), (False, "write --merge too")]:
        with pytest.raises(ExportError, match=said):
            export_best(decided(run_folder), tmp_path / "out", merge, "dequantized")
    assert not (tmp_path / "out").exists()
