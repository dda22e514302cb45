"""The presets after five projects hold what their documents state, and run when made small."""

import json
from pathlib import Path
from typing import Any

import pytest

from search_spaces.space import build_space
from sweeps.launch.in_process import run_one, single_trial
from sweeps.planning.stage_counts import stage_counts
from sweeps.presets.find import presets
from sweeps.reading.loading import load_spec
from trainables.models.targets import trainable_parameters
from trainables.sft.config import SFTConfig
from trainables.staged.config import StagedConfig

HUB = sorted(set(presets()) - {"demo", "toy"})
DATA = Path(__file__).parents[4] / "shared" / "data"


def trial(name: str) -> SFTConfig:
    (only,) = load_spec(name).spec.trial.stage_trials
    return only


def fields(section: Any, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(section, name) for name in names)


def test_flashcards() -> None:
    t = trial("tinyllama-flashcards")
    assert fields(t.model, "name_or_path", "quantization", "dtype") == (
        "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
        "none",
        "float16",
    )
    assert t.data.source == "medalpaca/medical_meadow_medical_flashcards"
    assert fields(t.data, "limit", "seed", "split") == (3000, 42, (0.85, 0.10, 0.05))
    cleaning = t.data.cleaning
    assert fields(cleaning, "min_question_chars", "min_answer_chars") == (5, 10)
    assert cleaning.drop_bare_boolean
    assert t.data.system_prompt is not None
    assert t.data.system_prompt.startswith("You are a knowledgeable and accurate medical assistant")
    lora = ("r", "lora_alpha", "lora_dropout", "target_modules")
    assert fields(t.lora, *lora) == (16, 32, 0.05, ("q_proj", "v_proj"))
    g = t.training
    assert g.per_device_train_batch_size * g.gradient_accumulation_steps == 16
    names = ("learning_rate", "num_train_epochs", "gradient_accumulation_steps", "max_length")
    assert fields(g, *names) == (2e-4, 2, 8, 512)
    assert fields(g, "lr_scheduler_type", "warmup_steps", "gradient_checkpointing") == (
        "cosine",
        0.03,
        True,
    )
    assert t.evaluation.limit == 100
    runs = load_spec("tinyllama-flashcards").spec.search.baselines
    assert [tuple(run.values()) for run in runs.values()] == [
        (8, 2e-4, 1),
        (16, 2e-4, 2),
        (16, 5e-5, 2),
        (16, 2e-4, 3),
    ]


def test_the_flashcards_adapter_is_smaller_than_its_document_says() -> None:
    layers = {
        f"model.layers.{i}.self_attn.{name}.weight": shape
        for i in range(22)
        for name, shape in {"q_proj": (2048, 2048), "v_proj": (256, 2048)}.items()
    }
    lora = trial("tinyllama-flashcards").lora
    assert trainable_parameters(lora.target_modules, layers, lora.r) == 2_252_800


def test_pubmedqa() -> None:
    t = trial("distilgpt2-pubmedqa")
    assert t.model.name_or_path == "distilbert/distilgpt2"
    assert t.lora.target_modules == ("c_attn",)
    g = t.training
    assert fields(g, "learning_rate", "weight_decay", "max_length") == (5e-5, 0.01, 512)
    assert fields(g, "per_device_train_batch_size", "gradient_accumulation_steps") == (8, 4)
    assert 3 <= g.num_train_epochs <= 5
    assert set(t.evaluation.metrics) == {"perplexity", "bleu", "rouge"}
    assert [c.label for c in t.data.mixture or ()] == ["pubmedqa", "general"]


def test_clinical_decision_support() -> None:
    t = trial("clinical-decision-support")
    assert fields(t.model, "quantization", "dtype") == ("nf4", "float16")
    assert fields(t.lora, "r", "lora_alpha", "lora_dropout") == (64, 16, 0.1)
    assert set(t.lora.target_modules) == {"q_proj", "k_proj", "v_proj", "o_proj"}
    g = t.training
    assert fields(g, "per_device_train_batch_size", "gradient_accumulation_steps") == (4, 2)
    names = ("learning_rate", "num_train_epochs", "weight_decay", "warmup_steps", "max_grad_norm")
    assert fields(g, *names) == (2e-4, 3, 0.001, 0.03, 1.0)
    sources = {component.source for component in t.data.mixture or ()}
    assert sources >= {"lavita/medical-qa-datasets", "BI55/MedText", "AdaptLLM/RCT"}
    benchmarks = {b.name for b in t.evaluation.benchmarks}
    assert benchmarks >= {"medqa", "medmcqa", "pubmedqa", "medsafetybench", "safe_requests"}


def test_clinical_decision_support_trains_on_each_data_set_alone() -> None:
    spec = load_spec("clinical-decision-support").spec
    alone = [b["data.weights"] for b in spec.search.baselines.values() if "data.weights" in b]
    labels = [component.label for component in spec.trial.data.mixture or ()]
    assert [[name for name, w in weights.items() if w == 1] for weights in alone] == [
        [label] for label in labels
    ]


def test_clinical_efficiency_compares_three_ways() -> None:
    spec = load_spec("clinical-efficiency").spec
    grid = build_space(spec.search.parameters).points()
    ways = {
        (point["model.quantization"], "lora" in point and point["lora"] is None) for point in grid
    }
    assert ways == {("nf4", False), ("none", False), ("none", True)}
    assert spec.trial.lora == trial("clinical-decision-support").lora


def test_forgetting_is_met_in_three_ways() -> None:
    spec = load_spec("distilgpt2-pubmedqa").spec
    ways = spec.search.baselines.values()
    kinds = [(b["training.regularizer"] or {}).get("kind") for b in ways]
    general = [b["data.weights"]["general"] > 0 for b in ways]
    assert list(zip(kinds, general, strict=True)) == [
        (None, True),
        (None, False),
        ("l2_start", False),
        ("ewc", False),
    ]


def test_multistage() -> None:
    staged = load_spec("healthcare-multistage").spec.trial
    assert isinstance(staged, StagedConfig)
    assert staged.model.quantization == "int8"
    *supervised, preferences, alignment = staged.stages
    assert [stage.name for stage in supervised] == ["pubmedqa", "medmcqa", "medqa"]
    assert [stage.data.format for stage in supervised] == ["pubmedqa", "medmcqa", "medqa"]
    assert [stage.data.rationale for stage in supervised] == ["after", "after", "none"]
    assert {b.name for b in staged.evaluation.benchmarks} >= {s.name for s in supervised}
    assert (preferences.kind, alignment.kind) == ("reward", "ppo")
    assert set(alignment.reward.weights) == {"reward_model", "factuality", "safety"}


def test_rlaif() -> None:
    staged = load_spec("healthcare-rlaif").spec.trial
    assert isinstance(staged, StagedConfig)
    reasoning, rlaif = staged.stages
    assert {stage.data.instruction for stage in staged.stages} == {"chain_of_thought"}
    assert fields(staged.model, "dtype") == ("float16",)
    assert reasoning.training.lr_scheduler_type == rlaif.training.lr_scheduler_type == "cosine"
    assert "bertscore" in staged.evaluation.metrics
    assert {b.name for b in staged.evaluation.benchmarks} == {"pubmedqa", "medqa"}
    assert rlaif.kind == "ppo"
    assert set(rlaif.reward.weights) == {"terminology", "reasoning", "factuality", "safety"}
    assert rlaif.training.use_score_norm
    assert rlaif.training.kl_coef > 0


@pytest.mark.parametrize("name", ["healthcare-multistage", "healthcare-rlaif"])
def test_reward_weights_are_searched_and_do_not_judge(name: str) -> None:
    spec = load_spec(name).spec
    (path,) = (p for p, q in spec.search.parameters.items() if q.simplex)
    last = len(spec.trial.stages) - 1
    assert path == f"stages.{last}.reward.weights"
    assert set(spec.search.parameters[path].simplex) == set(spec.trial.stages[-1].reward.weights)
    assert [objective.metric for objective in spec.search.objectives] == ["pubmedqa_accuracy"]
    counts = stage_counts(spec, build_space(spec.search.parameters))
    assert counts[0].number < spec.search.num_trials / 3  # the supervised stages are shared


@pytest.mark.parametrize("name", HUB)
def test_the_small_variant_needs_no_hub(name: str) -> None:
    small = load_spec(name, smoke=True).spec
    data = [stage.data for stage in small.trial.stage_trials]
    sources = [c.source for d in data for c in d.mixture or (d,)]
    assert small.trial.model.name_or_path == "toy:llama"
    assert all(source.startswith("hpo:") for source in sources)
    assert small.search.num_trials > len(small.search.baselines)
    regularizers = small.search.parameters.get("training.regularizer")
    assert "Salesforce" not in str(regularizers)


def run(name: str, folder: Path, *overrides: str) -> dict[str, Any]:
    """The last report's metrics of a preset's own trial, made small and run in this process."""
    loaded = single_trial(load_spec(name, overrides, smoke=True), folder, None)
    place = folder / loaded.spec.name
    sweep = run_one(loaded, place, lambda *_: [], lambda _: None)
    (entry,) = (e for e in sweep.ledger.entries() if not e.is_base)
    record = sweep.ledger.record(entry)
    assert record is not None
    assert record["state"] == "complete", record["error"]
    metrics: dict[str, Any] = record["metrics"]
    return metrics


@pytest.mark.slow
@pytest.mark.parametrize("name", HUB)
def test_the_small_variant_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = run(name, tmp_path)
    assert metrics["val_loss"] > 0
    assert metrics["minutes"] > 0
    if name != "tinyllama-flashcards":
        assert 0 <= metrics["hpo_multiple_choice_accuracy"] <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["healthcare-multistage", "healthcare-rlaif"])
def test_the_small_variants_pipeline_runs_whole(name: str, tmp_path: Path) -> None:
    """All trials of the small variant, of which later ones take over what they share."""
    overrides = ("search.parameters.lora.r={value: 16}", "search.early_stopping=null")
    loaded = load_spec(name, overrides, smoke=True)
    sweep = run_one(loaded, tmp_path / "run", lambda *_: [], lambda _: None)
    found = [r for e in sweep.ledger.entries() if not e.is_base and (r := sweep.ledger.record(e))]
    assert [record["state"] for record in found] == ["complete"] * 3
    kinds = [stage.kind for stage in loaded.spec.trial.stages]
    for record in found:
        assert [stage["kind"] for stage in record["stages"]] == kinds
        accuracies = [s["metrics"].get("hpo_multiple_choice_accuracy") for s in record["stages"]]
        measured = [accuracy is not None for accuracy in accuracies]
        assert measured == [kind != "reward" for kind in kinds]  # after every stage
        assert 0 <= record["metrics"]["reward"] <= 1
    trials = [entry.config for entry in sweep.ledger.entries() if not entry.is_base]
    firsts = {json.dumps([trial["lora"], trial["stages"][0]]) for trial in trials}
    trained = [record for record in found if "shared_from" not in record["stages"][0]]
    assert len(trained) == len(firsts)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="needs ../shared/data")
def test_real_pubmedqa(tmp_path: Path) -> None:
    pubmedqa = DATA / "pubmedqa"
    components = (
        f"[{{name: pubmedqa, source: {pubmedqa}, format: pubmedqa, rationale: after, limit: 60}}, "
        "{name: general, source: 'hpo:lay', limit: 40}]"
    )
    metrics = run(
        "distilgpt2-pubmedqa",
        tmp_path,
        f"trial.data.mixture={components}",
        "trial.training.max_length=4096",
        "trial.training.per_device_train_batch_size=2",
        f"trial.evaluation.benchmarks=[{{name: pubmedqa, source: {pubmedqa}, limit: 12}}]",
    )
    assert 0 <= metrics["pubmedqa_accuracy"] <= 1
    assert 0 <= metrics["pubmedqa_macro_f1"] <= 1
