"""Benchmarks of a trial: in both engines, of its own adapter, and of the base model."""

from pathlib import Path

import pytest

from tests.trainables.evaluation.benchmarks.fixtures import write_data
from tests.trainables.packing.packs import fields, run_pack
from tests.trainables.sft.trials import (
    TOY,
    config,
    pairs,
    prepared,
    run,
    token_rows_of,
    toy_tokenizer,
)
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.errors import InputError
from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
from trainables.evaluation.benchmarks.in_trial import measure_all, with_benchmarks
from trainables.evaluation.metric_names import METRICS, how_to_measure, reported
from trainables.models.load import load_base
from trainables.sft.config import SFTConfig
from trainables.training.untouched import evaluate

MEASURES = ["accuracy", "accuracy_norm", "brier", "generated_accuracy", "unanswered"]


def trial(data: Path, **sections: dict[str, object]) -> SFTConfig:
    """Trained hard enough that scores differ from the base's."""
    mmlu = {
        "name": "mmlu_medical",
        "source": str(data / "mmlu_med"),
        "measures": MEASURES,
        "max_new_tokens": 4,
    }
    training = fields(learning_rate=0.05, max_steps=6)
    return config(evaluation=fields(benchmarks=[mmlu]), training=training, **sections)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def rows(asked: SFTConfig) -> Prepared:
    return with_benchmarks(prepared(), asked.evaluation.benchmarks)


def of_benchmarks(report: Report) -> dict[str, float]:
    return {n: v for n, v in report.metrics.items() if n.startswith("mmlu_medical")}


def _without_probabilities(report: Report) -> list[dict[str, object]]:
    """Rounding may differ between the engines."""
    found = report.predictions or ()
    return [{k: v for k, v in row.items() if k != "probabilities"} for row in found]


def test_both_engines_measure_the_trained_adapter(data: Path) -> None:
    asked = trial(data)
    isolated = run(asked, data=rows(asked))[-1]
    other = trial(data, lora=fields(r=8, target_modules="all-linear"))
    packs = {"asked": asked, "other": other}
    packed = run_pack(load_base(TOY, "cpu"), packs, dict.fromkeys(packs, rows(asked)))
    mine = packed["asked"][-1]
    assert set(of_benchmarks(isolated)) == {f"mmlu_medical_{m}" for m in MEASURES}
    assert of_benchmarks(mine) == pytest.approx(of_benchmarks(isolated), abs=1e-4)
    assert _without_probabilities(mine) == _without_probabilities(isolated)
    base = load_base(TOY, "cpu")
    untouched = measure_all(
        LocalModel(base.model, base.tokenizer, [Candidate(None)], 4096), rows(asked).benchmarks
    )
    assert untouched.metrics["mmlu_medical_brier"] != pytest.approx(
        isolated.metrics["mmlu_medical_brier"], abs=1e-3
    )


def test_the_base_model_is_measured_by_the_same(data: Path) -> None:
    asked = trial(data)
    context = ListContext(rows(asked))
    evaluate(asked, context)
    (report,) = context.reports
    assert set(of_benchmarks(report)) == {f"mmlu_medical_{m}" for m in MEASURES}
    assert report.predictions is not None
    own = [p for p in report.predictions if p.get("benchmark") == "mmlu_medical"]
    assert len(own) == 8
    assert {p["subject"] for p in own} == {"anatomy", "medical_genetics"}
    assert all(isinstance(p["correct"], bool) for p in own)
    found = report.facts["benchmarks"]["mmlu_medical"]
    assert found["accuracy"]["n"] == 8
    assert set(found["subjects"]) == {"anatomy", "medical_genetics"}
    assert sum(b["n"] for b in found["calibration"]["reliability"]) == 8
    end = found["calibration"]["abstention"][-1]
    assert (end["coverage"], end["accuracy"]) == (1, found["accuracy"]["value"])


def test_the_items_are_part_of_the_data_s_key(data: Path) -> None:
    asked = trial(data)
    with_items = rows(asked)
    assert with_items.key != prepared().key
    assert rows(asked).key == with_items.key
    file = data / "mmlu_med" / "anatomy_test.csv"
    file.write_text(file.read_text().replace("first", "other"))
    assert rows(asked).key != with_items.key
    assert with_benchmarks(prepared(), ()).key == prepared().key


def test_metrics_follow_from_the_registry(data: Path) -> None:
    (benchmark,) = trial(data).evaluation.benchmarks
    found = reported(("rouge", *benchmark.metrics))
    assert set(benchmark.metrics) <= set(found)
    assert "medqa_accuracy" not in found
    assert METRICS["mmlu_medical_brier"].mode == "min"
    assert "name: medqa, measures: [accuracy]" in how_to_measure("medqa_accuracy")
    assert how_to_measure("rouge1") == "Add rouge to trial.evaluation.metrics"


def test_a_benchmark_is_named_once() -> None:
    with pytest.raises(ValueError, match="benchmarks has medqa twice"):
        config(evaluation=fields(benchmarks=["medqa", {"name": "medqa", "limit": 3}]))
    named = config(evaluation=fields(benchmarks=["medqa"])).evaluation.benchmarks
    assert named[0].metrics[0] == "medqa_accuracy"


def test_training_rows_that_hold_a_question_of_a_benchmark_are_dropped(data: Path) -> None:
    asked = trial(data).evaluation.benchmarks
    items = with_benchmarks(prepared(), asked).benchmarks[0].items
    leaked = max(items, key=lambda item: len(item.question.split()))
    texts = [*pairs(0, 5), (f"Answer this.  {leaked.question.upper()}", leaked.options[0])]
    report = {
        "dropped": {"leak": 0},
        "kept": {"train": 6, "validation": 5},
        "tokens": {"train": 0, "answer_train": 0, "longest": 9},
    }
    rows = prepared()._replace(train=token_rows_of(texts, toy_tokenizer()), report=report)
    found = with_benchmarks(rows, asked)
    assert found.train.questions == [question for question, _ in pairs(0, 5)]
    assert found.report["dropped"] == {"leak": 0, "benchmark": 1}
    assert found.report["kept"] == {"train": 5, "validation": 5}
    assert found.report["tokens"]["train"] == len(found.train.tokens)
    assert found.report["tokens"]["answer_train"] == found.train.answer_tokens()
    with pytest.raises(InputError, match="all 1 training rows are questions"):
        with_benchmarks(rows._replace(train=rows.train.take([5])), asked)
    paired = with_benchmarks(rows, asked, together=2)  # the last pair's other answer goes too
    assert paired.train.questions == [question for question, _ in pairs(0, 4)]
    assert paired.report["dropped"]["benchmark"] == 1
    assert paired.report["kept"]["train"] == 2
