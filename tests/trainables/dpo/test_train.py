"""What a DPO trial reports, and what it is held to."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.trainables.dpo.trials import config, run
from tests.trainables.reward_model.trials import prepared
from tests.trainables.sft import trials as sft
from trainables.context import ListContext
from trainables.evaluation.metric_names import METRICS, reported
from trainables.models import load as loading
from trainables.models.load import device_now, load_base
from trainables.saved import Checkpoint
from trainables.training.untouched import evaluate

LONG = {"num_train_epochs": 6, "learning_rate": 1e-2}


def test_it_learns_to_tell_chosen_from_rejected() -> None:
    data = prepared()
    reports = run(config(training=LONG), data=data)
    *during, end = reports
    assert [r.rung for r in during if r.rung] == [0.125, 0.25, 0.5, 1.0]
    first, last = during[0].metrics, during[-1].metrics
    assert first["val_loss"] == pytest.approx(math.log(2), rel=0.05)
    assert last["val_loss"] < first["val_loss"]
    assert last["train_loss"] < 0.5 * math.log(2)
    assert end.metrics["pairwise_accuracy"] == 1
    assert end.metrics["unseen_pairwise_accuracy"] >= 0.5
    assert 0 <= end.metrics["pairwise_ece"] <= 1
    expected = set(reported(("perplexity", "rouge", "bleu", "unseen"), "dpo"))
    assert set(end.metrics) == expected - {"gpu_peak_gb"}
    assert "kl" in METRICS
    assert "kl" not in end.metrics


def test_what_the_record_says_of_the_pairs() -> None:
    data = prepared()
    end = run(config(evaluation={"loss_limit": 4}), data=data)[-1]
    assert end.facts["evaluation"]["loss_rows"] == 4
    assert end.facts["evaluation"]["rows"] == 2
    seen = end.facts["pairwise"]["seen"]
    assert seen["all"]["pairwise_accuracy"]["n"] == 4
    assert seen["all"]["pairwise_accuracy"]["value"] == end.metrics["pairwise_accuracy"]
    assert seen["all"]["val_loss"] == pytest.approx(end.metrics["val_loss"])
    assert set(seen["sources"]) == {"own", "more"}
    assert set(end.facts["pairwise"]["unseen"]["sources"]) == {"other"}
    assert end.facts["tokens"] == len(data.train.tokens)  # one epoch


def test_chosen_answers_are_the_references() -> None:
    data = prepared()
    end = run(config(), data=data)[-1]
    assert end.predictions is not None
    assert [p["reference"] for p in end.predictions] == data.validation.references[:4:2]


@pytest.mark.parametrize("loss", ["ipo", "hinge", "sigmoid_norm", "apo_zero", "robust", "exo_pair"])
def test_every_loss_trains(loss: str) -> None:
    smoothing = 0.01 if loss in ("robust", "exo_pair") else 0
    fields = {"loss_type": loss, "label_smoothing": smoothing, "learning_rate": 1e-2}
    reports = run(config(training={**fields, "max_steps": 8}))
    losses = [r.metrics["train_loss"] for r in reports[:-1]]
    assert losses[-1] < losses[0]


def test_a_trial_is_held_to_what_it_starts_from() -> None:
    kept = [r.adapter for r in run(config(training=LONG)) if r.adapter][-1]
    start = Checkpoint(kept.weights, b"", {"step": 0, "updates": 0, "scaler": None})
    first = run(config(training={"learning_rate": 1e-12}), start)[0]
    for name in ("train_loss", "val_loss"):
        assert first.metrics[name] == pytest.approx(math.log(2), rel=1e-5)
    assert first.checkpoint is not None
    assert first.checkpoint.frozen["reference"].weights == kept.weights
    other = next(r.adapter for r in run(config(training=LONG)) if r.adapter)
    away = run(config(), replace(start, frozen={"reference": other}))[0]
    assert away.metrics["train_loss"] < 0.5 * math.log(2)


def test_the_untouched_base_is_its_own_reference() -> None:
    trial, context = config(), ListContext(prepared())
    evaluate(trial, context)
    (report,) = context.reports
    assert report.metrics["val_loss"] == pytest.approx(math.log(2))
    assert report.metrics["pairwise_accuracy"] == 0.5
    first = run(config(training={"learning_rate": 1e-12}))[0].metrics
    for name in ("val_loss", "perplexity", "bits_per_byte"):
        assert report.metrics[name] == pytest.approx(first[name], rel=1e-5)
    assert report.predictions is not None
    assert [p["id"] for p in report.predictions] == prepared().validation.ids[:4:2]


def test_the_base_is_left_as_it_was() -> None:
    trial = sft.config(training={"max_steps": 2})
    before = [sft.essence(r) for r in sft.run(trial)]
    run(config(training={"gradient_checkpointing": True}))
    assert [sft.essence(r) for r in sft.run(trial)] == before


def test_dropout_of_the_base_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "_warm", {})
    base = load_base(config().model, device_now())
    base.model.model.dropout = torch.nn.Dropout(0.3)
    run(config(training={"max_steps": 1}))
    assert base.model.model.dropout.p == 0.3


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"training": {"beta": 0}}, "greater than 0"),
        ({"training": {"loss_type": "sigmoyd"}}, "'sigmoid'"),
        ({"training": {"label_smoothing": 0.1}}, "has no effect with loss sigmoid"),
        ({"training": {"loss_type": "exo_pair"}}, "must be above 0 with loss exo_pair"),
        ({"training": {"label_smoothing": 0.5, "loss_type": "robust"}}, "less than 0.5"),
        ({"lora": {"lora_dropout": 0.1}}, "no effect while training.disable_dropout is true"),
        ({"training": {"regularizer": {"kind": "l2_start", "weight": 1}}}, "should be None"),
    ],
)
def test_mistakes_are_told(sections: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(**sections)


def test_smoothing_where_it_has_an_effect() -> None:
    assert config(training={"loss_type": "robust"}).training.label_smoothing == 0
    for loss in ("robust", "exo_pair"):
        config(training={"loss_type": loss, "label_smoothing": 0.1})
