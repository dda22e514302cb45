"""The report's section on pairs: which values stand where; and the model card of a reward model."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.decision import decided
from analysis.export import ExportError, export_best
from analysis.report import write_report
from analysis.report.pairs import pair_passage
from analysis.runs import load_run
from tests.analysis import fixtures
from tests.analysis.report.measured import update

METRICS = {"val_loss": 0.5, "pairwise_accuracy": 0.8, "unseen_pairwise_accuracy": 0.6}


def part(sources: dict[str, float]) -> dict[str, Any]:
    found = {
        name: {
            "pairwise_accuracy": {"value": value, "interval": [value - 0.1, value + 0.1], "n": 50},
            "val_loss": 0.5,
            "mean_score": 0.25,
        }
        for name, value in sources.items()
    }
    calibration = {"ece": 0.0625, "brier": 0.375, "reliability": []}
    return {"sources": found, "all": next(iter(found.values())), "calibration": calibration}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    resolved = fixtures.spec()
    resolved["trial"] = {**resolved["trial"], "kind": "reward", "data": {"source": "hpo:siblings"}}
    fixtures.write_head(folder, resolved)
    trial = fixtures.write_trial(folder, 1, {"lora.r": 8}, METRICS)
    facts = {"seen": part({"siblings": 0.8, "<b>own": 0.7}), "unseen": part({"liveqa": 0.6})}
    update(trial, pairwise=facts, kind="reward", evaluation={"split": "validation", "pairs": 50})
    config = json.loads((trial / "config.json").read_text())
    config["config"] = {**config["config"], **resolved["trial"]}
    fixtures.write_json(trial / "config.json", config)
    update(folder / "base" / fixtures.BASE, pairwise={"seen": part({"siblings": 0.55})})
    return folder


def test_accuracy_by_source_of_each_trial_and_the_base(run: Path) -> None:
    loaded = load_run(run)
    found = pair_passage(loaded, loaded.trials[0])
    assert found is not None
    (_, accuracy), (_, calibration) = found.tables
    assert [c.title for c in accuracy.columns] == [
        "Experiment",
        "siblings",
        "<b>own",
        "liveqa (unseen)",
    ]
    rows = [[cell.text for cell in line.cells] for line in accuracy.lines]
    assert rows == [
        ["Base model", "0.550 [0.450, 0.650]", "–", "–"],
        ["EXP-001", "0.800 [0.700, 0.900]", "0.700 [0.600, 0.800]", "0.600 [0.500, 0.700]"],
    ]
    assert [[c.text for c in line.cells] for line in calibration.lines][1:] == [
        ["EXP-001", "seen", "0.062", "0.375", "0.250"],
        ["EXP-001", "unseen", "0.062", "0.375", "0.250"],
    ]
    (sentence,) = found.sentences
    assert "EXP-001 ranks 0.800 of the validation pairs right, and 0.600 of" in sentence


def test_both_formats_show_it_and_escape_names(run: Path) -> None:
    html, markdown = write_report([decided(run)])
    page, text = html.read_text(), markdown.read_text()
    assert "<b>own" not in page
    assert "&lt;b&gt;own" in page
    assert "liveqa (unseen)" in page
    assert "liveqa (unseen)" in text
    assert "## Pairs" in text


def test_a_sweep_without_reward_models_says_nothing_of_pairs(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    fixtures.write_trial(tmp_path, 1, {}, {"val_loss": 0.5})
    assert pair_passage(load_run(tmp_path), None) is None


def test_a_model_card_loads_a_classifier(run: Path, tmp_path: Path) -> None:
    adapter = run / "trials" / "EXP-001" / "adapter"
    adapter.mkdir(exist_ok=True)
    (adapter / "adapter_config.json").write_text("{}")
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    card = (export_best(decided(run), tmp_path / "out") / "README.md").read_text()
    assert "pipeline_tag: text-classification" in card
    assert "AutoModelForSequenceClassification.from_pretrained(" in card
    assert ", num_labels=1, pad_token_id=None)" in card
    assert "AutoModelForCausalLM" not in card
    assert "50 pairs of answers" in card
    with pytest.raises(ExportError, match="cannot be merged"):
        export_best(decided(run), tmp_path / "merged", merge=True)
