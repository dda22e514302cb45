"""Reports are checked where they are made; contexts keep or refuse them."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from trainables.context import ListContext, MetricError, Report, check_metrics
from trainables.evaluation.metric_names import METRICS
from trainables.saved import Checkpoint, TrialFailed, TrialStopped


def report(**metrics: Any) -> Report:
    return Report(step=3, planned_steps=12, metrics=metrics, seconds=1.0)


def test_every_metric_and_the_telemetry_are_known() -> None:
    check_metrics(dict.fromkeys(METRICS, 1.0))
    check_metrics({"learning_rate": 1e-4, "grad_norm": 0, "epoch": 0.5})
    check_metrics({"val_loss": np.float32(2.5)})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(MetricError, match=r"val_loss is -?(nan|inf): .*training diverged"):
        report(val_loss=value)


@pytest.mark.parametrize("value", ["2.5", None, True, False, [2.5], 1 + 2j, torch.tensor([1.0])])
def test_what_is_not_a_number_is_refused(value: Any) -> None:
    with pytest.raises(MetricError, match=f"val_loss must be a number, got {type(value).__name__}"):
        report(val_loss=value)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(
        MetricError, match="unknown metric 'vall_loss'; known: val_loss, train_loss"
    ):
        report(vall_loss=2.5)


def test_a_bad_metric_fails_the_trial_only() -> None:
    assert issubclass(MetricError, TrialFailed)
    assert not issubclass(TrialStopped, TrialFailed)


def test_progress_and_the_checkpoints_step() -> None:
    assert report().progress == 0.25
    checkpoint = Checkpoint(adapter=b"a", optimizer=b"o", state={"step": 7})
    assert checkpoint.step == 7
    assert replace(checkpoint, best_adapter=b"b").state == {"step": 7}


def test_a_list_context_keeps_reports_and_stops() -> None:
    context = ListContext(None, stop_after=2)  # type: ignore[arg-type]
    context.report(report(val_loss=1))
    with pytest.raises(TrialStopped):
        context.report(report(val_loss=2))
    assert [r.metrics["val_loss"] for r in context.reports] == [1, 2]
    endless = ListContext(None)  # type: ignore[arg-type]
    for _ in range(3):
        endless.report(report())
    assert len(endless.reports) == 3
