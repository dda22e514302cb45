"""Results row by row of every kind, in every engine: they add up to what the trial reports."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from analysis.rows import load_rows, paired_files
from tests.trainables.dpo import trials as dpo
from tests.trainables.evaluation.benchmarks.fixtures import write_data
from tests.trainables.grpo import trials as grpo
from tests.trainables.packing.packs import run_pack
from tests.trainables.ppo import trials as ppo
from tests.trainables.reward_model import trials as reward
from tests.trainables.sft import trials as sft
from tests.trainables.sft.trials import checkpoints
from tests.trainables.staged import pipelines
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.evaluation.benchmarks.in_trial import with_benchmarks
from trainables.evaluation.metric_names import METRICS
from trainables.evaluation.row_results import parquet_of
from trainables.kinds import TRAIN, TrialConfig
from trainables.models.load import load_base
from trainables.training.untouched import evaluate

TEXT = {"metrics": ["perplexity", "rouge", "bleu"], "loss_limit": 4, "limit": 3}
MEASURES = ["accuracy", "accuracy_norm", "ece", "brier", "generated_accuracy", "unanswered"]
LOSS = {"val_loss", "bits_per_byte"}
ROUGE = {"rouge1", "rouge2", "rougeL"}
EARNED = {"reward_letters", "answer_tokens", "truncated"}
PAIRS = {"val_loss", "pairwise_accuracy"}
UNSEEN = {"unseen_pairwise_accuracy"}
# what is of all rows at once, or of none
NOT_BY_ROW = {"train_loss", "minutes", "perplexity", "pairwise_ece", "pairwise_brier"}
NOT_BY_ROW |= {"gpu_peak_gb", "mmlu_medical_ece"}

STAGES = ("sft", "reward", "ppo")
TRIALS: Mapping[str, tuple[TrialConfig, Callable[[], Prepared], set[str]]] = {
    "sft": (sft.config(evaluation=TEXT), sft.prepared, LOSS | ROUGE),
    "reward": (reward.config(), reward.prepared, PAIRS | UNSEEN),
    "dpo": (dpo.config(evaluation=TEXT), reward.prepared, LOSS | ROUGE | PAIRS),
    "ppo": (ppo.ppo(evaluation=TEXT), sft.prepared, LOSS | ROUGE | EARNED),
    "grpo": (
        grpo.config(evaluation=TEXT),
        partial(sft.prepared, train=5),
        LOSS | ROUGE | EARNED,
    ),
    "staged": (
        pipelines.pipeline(*STAGES),
        partial(pipelines.prepared, *STAGES),
        LOSS | ROUGE | EARNED,
    ),
}
OF_TRIALS = {"dpo": UNSEEN, "ppo": {"reward", "kl"}, "grpo": {"reward", "kl"}}
OF_TRIALS["staged"] = OF_TRIALS["ppo"] | {"reward_reward_model"}
ISOLATED, PACKED = ("sft", "dpo", "grpo", "staged"), ("sft", "reward", "ppo", "staged")


def isolated(trial: TrialConfig, data: Prepared) -> list[Report]:
    """The reports of a trial by itself."""
    from importlib import import_module

    context = ListContext(data)
    module, _, name = TRAIN[trial.kind].partition(":")
    getattr(import_module(module), name)(trial, context)
    return context.reports


def packed(trial: TrialConfig, data: Prepared) -> list[Report]:
    """The reports of a trial in a pack."""
    return run_pack(load_base(sft.TOY, "cpu"), {"one": trial}, {"one": data})["one"]


def check(report: Report, folder: Path, wanted: set[str]) -> None:
    """Each of `wanted` is measured row by row, and all that is adds up to what was reported."""
    (folder / "rows.parquet").write_bytes(parquet_of(report.rows))
    found = {}
    for name in report.metrics:
        rows = paired_files({"own": folder / "rows.parquet"}, name)
        if rows is not None and rows.exact:
            found[name] = float(rows.metrics[0])
    assert set(found) >= wanted
    assert set(report.metrics) - set(found) - {"bleu"} <= NOT_BY_ROW
    assert found == pytest.approx({name: report.metrics[name] for name in found}, abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "engine"),
    [*((kind, isolated) for kind in ISOLATED), *((kind, packed) for kind in PACKED)],
)
def test_every_metric_of_rows_is_their_sum(
    kind: str, engine: Callable[..., list[Report]], tmp_path: Path
) -> None:
    trial, rows, wanted = TRIALS[kind]
    reports = engine(trial, rows())
    check(reports[-1], tmp_path, wanted | OF_TRIALS.get(kind, set()))
    # of the step at which it is judged, whatever came after it, and without a copy in its reports
    best = [report for report in reports if report.adapter][-1]
    of_loss = "val_loss" if kind in ("reward", "dpo") else "nats"
    own = {t["set"]: t for t in reports[-1].rows if of_loss in t["values"]}
    state = best.checkpoint.state if best.checkpoint else {}
    kept = {t["set"]: t for t in state["best_rows"] if of_loss in t["values"]}
    assert {name: own[name] for name in kept} == kept
    assert not any(report.rows for report in reports[:-1])


@pytest.mark.parametrize("kind", TRIALS)
def test_so_it_is_of_the_base_model_on_the_same_rows(kind: str, tmp_path: Path) -> None:
    trial, rows, wanted = TRIALS[kind]
    context = ListContext(rows())
    evaluate(trial, context)
    check(context.reports[-1], tmp_path, wanted)


def test_a_trial_and_its_base_are_compared_on_the_same_rows(tmp_path: Path) -> None:
    for kind, (trial, rows, wanted) in TRIALS.items():
        context = ListContext(rows())
        evaluate(trial, context)
        engine = packed if kind in PACKED else isolated
        reports = {"base": context.reports[-1], "trial": engine(trial, rows())[-1]}
        files = {name: tmp_path / f"{kind}-{name}.parquet" for name in reports}
        for name, report in reports.items():
            files[name].write_bytes(parquet_of(report.rows))
        for metric in wanted:
            found = paired_files(files, metric)
            assert found is not None
            assert found.metrics == pytest.approx([r.metrics[metric] for r in reports.values()])


@pytest.mark.parametrize("engine", [isolated, packed])
def test_benchmarks_are_kept_item_by_item(engine: Any, tmp_path: Path) -> None:
    source = str(write_data(tmp_path / "data") / "mmlu_med")
    asked = {"name": "mmlu_medical", "source": source, "measures": MEASURES, "max_new_tokens": 4}
    trial = sft.config(evaluation={"benchmarks": [asked]})
    data = with_benchmarks(sft.prepared(), trial.evaluation.benchmarks)
    report = engine(trial, data)[-1]
    check(report, tmp_path, {f"mmlu_medical_{m}" for m in MEASURES} - {"mmlu_medical_ece"})
    sets = load_rows(tmp_path)
    assert sets is not None
    items = sets["mmlu_medical"]
    assert items.ids.to_pylist() == [item.id for item in data.benchmarks[0].items]
    assert {"probability", "accuracy"} < items.columns.keys()
    assert "ece" not in items.columns
    own = [p for p in report.predictions or () if "benchmark" in p]
    assert items.columns["accuracy"].tolist() == [p["correct"] for p in own]
    golds = [item.gold or 0 for item in data.benchmarks[0].items]
    right = [p["probabilities"][gold] for p, gold in zip(own, golds, strict=True)]
    assert items.columns["probability"] == pytest.approx(right, abs=1e-6)


def test_a_stage_leaves_only_its_own(tmp_path: Path) -> None:
    """Of a stage of rows before one of pairs nothing stays, and a resume between them too."""
    trial = pipelines.pipeline("sft", "reward")
    reports = isolated(trial, pipelines.prepared("sft", "reward"))
    assert {table["set"] for table in reports[-1].rows} == {"pairs", "unseen"}
    for number, checkpoint in checkpoints(reports).items():
        rest = pipelines.run(trial, checkpoint)
        assert rest[-1].rows == reports[-1].rows, number


def test_a_checkpoint_of_before_goes_on_without_them() -> None:
    trial = TRIALS["sft"][0]
    reports = isolated(trial, sft.prepared())
    checkpoint = list(checkpoints(reports).values())[-1]
    del checkpoint.state["best_rows"]
    last = sft.run(trial, checkpoint)[-1]
    assert {table["set"] for table in last.rows} == {"answers"}
    assert last.metrics["val_loss"] == reports[-1].metrics["val_loss"]


def test_every_metric_is_said_to_be_of_rows_or_not() -> None:
    """`check` would let a new one pass unseen where no trial above reports it."""
    from trainables.evaluation.benchmarks.measures import MEASURES as ALL

    of_all = {name for name, measure in ALL.items() if measure.of_all}
    assert of_all == {"macro_f1", "ece", "aurc", "generated_macro_f1", "agreement_ece"}
    own = {name for name, metric in METRICS.items() if name not in metric.families}
    covered = (
        LOSS
        | ROUGE
        | EARNED
        | PAIRS
        | UNSEEN
        | NOT_BY_ROW
        | {"reward", "kl", "bleu", "bertscore_f1"}
    )
    assert own <= covered
