"""The untouched base model is measured as a trial is at its end."""

import pytest
import torch

from tests.trainables.sft.trials import config, prepared
from trainables.context import ListContext
from trainables.evaluation.answer_loss import answer_loss
from trainables.models.load import device_now, load_base
from trainables.training.untouched import evaluate


def test_one_final_report_of_the_same_measures() -> None:
    trial = config(evaluation={"limit": 3, "loss_limit": 4, "max_new_tokens": 5})
    context = ListContext(prepared())
    evaluate(trial, context)
    (report,) = context.reports
    assert report.final
    assert (report.step, report.planned_steps) == (1, 1)
    assert {"val_loss", "perplexity", "bits_per_byte", "rouge1", "bleu"} <= report.metrics.keys()
    rows = prepared().validation
    model = load_base(trial.model, device_now()).model
    assert report.metrics["val_loss"] == pytest.approx(
        answer_loss(model, rows.head(4), 100).metrics()["val_loss"], abs=1e-6
    )
    assert report.predictions is not None
    assert [p["id"] for p in report.predictions] == rows.ids[:3]
    assert report.facts["evaluation"] == {
        "split": "validation",
        "limit": 3,
        "loss_limit": 4,
        "max_new_tokens": 5,
        "rows": 3,
        "loss_rows": 4,
    }


@pytest.mark.skipif(torch.cuda.is_available(), reason="the trial's autocast differs on a GPU")
def test_a_trial_that_learns_nothing_has_the_metrics_of_the_base_model() -> None:
    from tests.trainables.sft.trials import run

    context = ListContext(prepared())
    trial = config(training={"max_steps": 1, "warmup_steps": 5})  # the first step's rate is 0
    evaluate(trial, context)
    trained, untouched = run(trial)[-1], context.reports[0]
    for name, value in untouched.metrics.items():
        assert trained.metrics[name] == pytest.approx(value, abs=1e-9), name
    assert trained.predictions == untouched.predictions
