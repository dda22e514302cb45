"""What is recorded of a trial that is stopped: the best step's metrics, the mean training loss."""

from pathlib import Path
from typing import Any

import pytest

from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.record import mean_train_loss, stopped_at
from tests.sweeps.fakes import Drive, make_spec, make_sweep, records
from tests.trainables.sft.trials import config, run
from trainables.context import Report

Line = dict[str, Any]


def line(step: int, loss: float | None = None, **more: Any) -> Line:
    return {"step": step, **({} if loss is None else {"train_loss": loss}), **more}


@pytest.mark.parametrize(
    ("lines", "begun", "step", "mean"),
    [
        ([line(1, 4.0), line(4, 2.0)], 0, 4, (4 + 3 * 2) / 4),
        ([line(2, 4.0), line(4, 2.0), line(5, 99.0)], 0, 4, 3.0),
        ([line(8, 5.0), line(10, 3.0), line(13, 1.0)], 8, 13, (2 * 3 + 3 * 1) / 5),
        ([line(8, 5.0)], 8, 9, None),  # the second stage has no line yet
        ([line(1, val_loss=3.0)], 0, 1, None),
        ([], 0, 0, None),
    ],
)
def test_the_mean_over_all_steps(
    lines: list[Line], begun: int, step: int, mean: float | None
) -> None:
    assert mean_train_loss(lines, begun, step) == mean


def test_a_later_stage_has_a_mean_of_its_own() -> None:
    report = Report(13, 20, {"val_loss": 1.0}, 60.0, facts={"stages": [{"planned_steps": 8}]})
    best = {"val_loss": 0.9, "train_loss": 7.0, "best_step": 10, "grad_norm": 1.0}
    metrics, facts = stopped_at(report, best, {}, [line(8, 5.0), line(10, 3.0), line(13, 1.0)])
    assert metrics == {"val_loss": 0.9, "train_loss": 1.8, "minutes": 1.0}
    assert facts["best_step"] == 10


def test_stopped_at_any_evaluation_it_is_what_the_trial_itself_would_say(tmp_path: Path) -> None:
    """The trial's own sum is in its checkpoints."""
    many = {"num_train_epochs": 3.0, "per_device_train_batch_size": 1}
    ledger, entry = Ledger(tmp_path), Entry.of("EXP-001", 1, config(training=many))
    ledger.open(entry)
    reports = run(config(training=many))
    judged = 0
    for report in reports[:-1]:
        ledger.apply(entry, report)
        if report.checkpoint:
            judged += report.step > 1
            metrics, _ = stopped_at(report, report.metrics, {}, ledger.metrics(entry))
            state = report.checkpoint.state
            wanted = state["loss_sum"] / state["step"]
            assert metrics["train_loss"] == pytest.approx(wanted, rel=1e-12)
    assert judged > 2
    assert any(report.checkpoint is None for report in reports[:-1])  # lines between evaluations


def test_in_a_sweep(tmp_path: Path) -> None:
    """The fake trial's losses are 1, 1/2, … a step, and at evaluations none is written: of three
    steps 1/3 is what its line says."""
    grid = {"lora.r": {"values": [2, 16]}, "training.learning_rate": {"values": [2e-3, 9e-3]}}
    stopping = {"kind": "asha", "grace": 0.5}
    spec = make_spec(parameters=grid, sampler="grid", num_trials=4, seed=1, early_stopping=stopping)
    Drive(make_sweep(spec, tmp_path)).run()
    stopped = [r for r in records(tmp_path).values() if r["state"] == "stopped"]
    assert stopped
    assert all(r["steps"] == 4 for r in stopped)
    assert all(r["metrics"]["train_loss"] == pytest.approx(1 / 3) for r in stopped)
