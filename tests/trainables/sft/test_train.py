"""What a trial reports, keeps and refuses."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.trainables.sft.trials import TOY, checkpoints, config, prepared, run, toy_tokenizer
from trainables.context import MetricError, Report
from trainables.evaluation.answer_loss import answer_loss
from trainables.evaluation.generation import answers
from trainables.evaluation.metric_names import reported
from trainables.models.resolve import resolve
from trainables.rungs import RUNGS
from trainables.saved import TrialFailed

# the learning rate is so high that the validation loss turns after some steps
PEAKED = config(
    training={"learning_rate": 0.05, "lr_scheduler_type": "constant", "num_train_epochs": 4},
    lora={"r": 4, "target_modules": "all-linear"},
    evaluation={"max_new_tokens": 16},
)
EXPLODING = {
    "learning_rate": 1e30,
    "max_steps": 32,
    "per_device_train_batch_size": 1,
    "warmup_steps": 0,
}


@pytest.fixture(scope="module")
def peaked() -> list[Report]:
    return run(PEAKED)


def evaluated(reports: list[Report]) -> list[Report]:
    return [r for r in reports if r.checkpoint]


def test_every_rung_is_reached_exactly(peaked: list[Report]) -> None:
    assert peaked[-1].planned_steps == 24
    assert {r.rung: r.step for r in peaked if r.rung} == {0.125: 3, 0.25: 6, 0.5: 12, 1.0: 24}
    assert set(RUNGS) == {r.rung for r in evaluated(peaked)} - {None}
    assert [r.progress for r in peaked if r.rung] == list(RUNGS)


def test_the_final_report_is_of_the_best_step(peaked: list[Report]) -> None:
    losses = {r.step: r.metrics["val_loss"] for r in evaluated(peaked)}
    best = min(losses, key=lambda step: losses[step])
    final = peaked[-1]
    assert best < final.step, "the test needs a loss that turns"
    assert final.final
    assert final.facts["best_step"] == best
    assert final.metrics["val_loss"] == losses[best]
    assert [r.adapter is not None for r in evaluated(peaked)] == [
        loss == min(list(losses.values())[: i + 1]) for i, loss in enumerate(losses.values())
    ]
    assert not any(r.final or r.predictions for r in peaked[:-1])


def test_the_final_report_holds_every_metric(peaked: list[Report]) -> None:
    expected = set(reported(("perplexity", "rouge", "bleu")))
    expected -= set() if torch.cuda.is_available() else {"gpu_peak_gb"}
    assert set(peaked[-1].metrics) == expected
    assert peaked[-1].facts["evaluation"] == {
        "split": "validation",
        "limit": 2,
        "loss_limit": None,
        "max_new_tokens": 16,
        "rows": 2,
        "loss_rows": 5,
    }
    assert set(evaluated(peaked)[0].metrics) >= {"val_loss", "perplexity", "bits_per_byte", "epoch"}


def exported(report: Report, folder: Path) -> Any:
    """The untouched base with the adapter of a report, as a user of PEFT loads it."""
    assert report.adapter is not None
    (folder / "adapter_config.json").write_text(json.dumps(report.adapter.config))
    (folder / "adapter_model.safetensors").write_bytes(report.adapter.weights)
    model = AutoModelForCausalLM.from_pretrained(resolve(TOY), dtype=torch.float32)
    return peft.PeftModel.from_pretrained(model, folder).eval()


def test_the_exported_adapter_is_the_best_one(peaked: list[Report], tmp_path: Path) -> None:
    best = next(r for r in reversed(peaked) if r.adapter)
    model = exported(best, tmp_path)
    rows = prepared().validation
    loss = answer_loss(model, rows, 4096).metrics()["val_loss"]
    assert loss == peaked[-1].metrics["val_loss"] == best.metrics["val_loss"]
    texts = answers(model, toy_tokenizer(), rows.head(2), 16, 4096)
    assert peaked[-1].predictions is not None
    assert texts == [p["prediction"] for p in peaked[-1].predictions]
    last = checkpoints(peaked)[max(checkpoints(peaked))]
    other = run(PEAKED, replace(last, best_adapter=last.adapter))[-1].predictions
    assert other != peaked[-1].predictions, "the test needs steps that answer differently"
    assert [p["id"] for p in peaked[-1].predictions] == rows.ids[:2]
    assert [p["reference"] for p in peaked[-1].predictions] == rows.references[:2]


def test_modules_to_save_are_exported(tmp_path: Path) -> None:
    reports = run(
        config(training={"max_steps": 3}, lora={"modules_to_save": ["lm_head"], "use_dora": True})
    )
    best = next(r for r in reversed(reports) if r.adapter)
    loss = answer_loss(exported(best, tmp_path), prepared().validation, 4096).metrics()
    assert loss["val_loss"] == pytest.approx(reports[-1].metrics["val_loss"], abs=1e-6)


def test_patience_stops_the_trial() -> None:
    patient = PEAKED.model_copy(
        update={"training": PEAKED.training.model_copy(update={"early_stopping_patience": 2})}
    )
    reports = run(patient)
    losses = [r.metrics["val_loss"] for r in evaluated(reports)]
    best = losses.index(min(losses))
    assert best == len(losses) - 3
    assert reports[-1].step == evaluated(reports)[-1].step < reports[-1].planned_steps
    assert reports[-1].facts["steps"] == reports[-1].step


def test_only_the_metrics_asked_for() -> None:
    reports = run(config(training={"max_steps": 1}, evaluation={"metrics": ["perplexity"]}))
    assert "rouge1" not in reports[-1].metrics
    assert reports[-1].predictions == ()
    reports = run(config(training={"max_steps": 1}, evaluation={"metrics": ["rouge"]}))
    assert set(reports[-1].metrics) == {
        *("val_loss", "bits_per_byte", "train_loss", "minutes"),
        *("rouge1", "rouge2", "rougeL"),
    }


def test_a_training_loss_that_is_not_finite_fails_the_trial() -> None:
    with pytest.raises(TrialFailed, match=r"training loss is (nan|inf) at step [23] .*learning"):
        run(
            config(
                training=EXPLODING,  # first evaluated at step 4
                lora={"target_modules": "all-linear"},
                evaluation={"every_epochs": 1},
            )
        )


def test_a_validation_loss_that_is_not_finite_fails_the_trial() -> None:
    with pytest.raises(MetricError, match=r"(val_loss|perplexity) is (nan|inf): .*diverged"):
        run(config(training={**EXPLODING, "max_steps": 2}, lora={"target_modules": "all-linear"}))


def test_a_trial_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    run(config(training={"max_steps": 1}))
    assert capfd.readouterr().out == ""
