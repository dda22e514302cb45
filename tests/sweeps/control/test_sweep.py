"""The course of a sweep: what comes next, what a report does, how trials end."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from sweeps.control.sweep import Sweep
from sweeps.control.task import TrialTask
from sweeps.run_folder.ledger import Ledger
from tests.sweeps.fakes import (
    PLANNED,
    Drive,
    FakePreparation,
    loss_at,
    make_spec,
    make_sweep,
    parameters,
    records,
    trial,
)
from trainables.context import MetricError, Report
from trainables.kinds import TrialConfig, trial_config

State = optuna.trial.TrialState
BASELINES = {
    "EXP-01 (Baseline)": {"lora.r": 8, "training.learning_rate": 2e-4},
    "Wide": {"lora.r": 16},
}


@pytest.fixture(autouse=True)
def _fake_preparation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)


def states(sweep: Sweep) -> list[State]:
    return [t.state for t in sweep.proposer.study.trials]


class Watcher:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def started(self, entry: Any) -> None:
        self.told.append(("started", entry.trial))

    def reported(self, entry: Any, report: Report) -> None:
        self.told.append(("reported", entry.trial))

    def finished(self, entry: Any, record: dict[str, Any]) -> None:
        self.told.append(("finished", entry.trial))

    def close(self) -> None:
        self.told.append(("close", ""))


def test_the_base_model_then_the_baselines_then_suggestions(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(baselines=BASELINES, num_trials=4), tmp_path)
    started = Drive(sweep).run().started
    assert started[1:] == ["EXP-001", "EXP-002", "EXP-003", "EXP-004"]
    assert (tmp_path / "base" / started[0] / "record.json").is_file()
    entries = [e for e in Ledger(tmp_path).entries() if not e.is_base]
    assert [e.label for e in entries] == ["EXP-01 (Baseline)", "Wide", None, None]
    assert entries[0].parameters == BASELINES["EXP-01 (Baseline)"]
    assert entries[1].parameters == {"lora.r": 16, "training.learning_rate": 1e-3}  # its own rate
    assert entries[1].config["lora"]["r"] == 16
    assert {e.base for e in entries} == {started[0]}


def test_a_suggestion_is_validated_when_it_is_made_and_never_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    validated: list[int] = []

    def counted(content: Any) -> TrialConfig:
        validated.append(content["lora"]["r"])
        return trial_config(content)

    monkeypatch.setattr("sweeps.control.sweep.trial_config", counted)
    monkeypatch.setattr("sweeps.run_folder.entry.trial_config", counted)
    Drive(make_sweep(make_spec(num_trials=4), tmp_path)).run()
    entries = Ledger(tmp_path).entries()
    assert validated == [e.config["lora"]["r"] for e in entries if not e.is_base]


def test_two_data_sets_have_two_base_measurements(tmp_path: Path) -> None:
    lengths = {"training.max_length": {"values": [64, 128]}}
    sweep = make_sweep(make_spec(parameters=lengths, sampler="grid", num_trials=2), tmp_path)
    started = Drive(sweep, workers=2).run().started
    bases = [name for name in started if not name.startswith("EXP")]
    assert len(bases) == len(set(bases)) == 2
    by_trial = {e.trial: e.base for e in Ledger(tmp_path).entries() if not e.is_base}
    assert set(by_trial.values()) == set(bases)


def test_a_complete_trials_record(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(num_trials=1), tmp_path)
    Drive(sweep).run()
    record = records(tmp_path)["EXP-001"]
    assert record["state"] == "complete"
    assert (record["trial"], record["number"], record["label"]) == ("EXP-001", 1, None)
    assert record["parameters"] == parameters(tmp_path)[0]
    assert record["kind"] == "sft"
    assert record["error"] is None
    assert record["started"] <= record["finished"]
    assert record["steps"] == record["planned_steps"] == PLANNED
    assert record["metrics"]["rouge1"] == 1 / record["parameters"]["lora.r"]
    assert sweep.proposer.study.trials[0].value == record["metrics"]["val_loss"]
    steps = [line["step"] for line in Ledger(tmp_path).metrics(Ledger(tmp_path).entries()[1])]
    assert steps == list(range(1, PLANNED + 1))


def test_a_stopped_trial_is_told_as_pruned_with_its_rungs(tmp_path: Path) -> None:
    grid = {"lora.r": {"values": [2, 16]}, "training.learning_rate": {"values": [2e-3, 9e-3]}}
    spec = make_spec(
        parameters=grid, sampler="grid", num_trials=4, seed=1, early_stopping={"kind": "asha"}
    )
    sweep = make_sweep(spec, tmp_path)
    Drive(sweep).run()
    stopped = [r for r in records(tmp_path).values() if r["state"] == "stopped"]
    assert stopped
    record = stopped[0]
    assert record["steps"] == 2  # the first rung within its grace of 1/4
    assert record["metrics"]["minutes"] == 2 / 60
    assert record["metrics"]["val_loss"] == loss_at(
        Ledger(tmp_path).entries()[record["number"]].config, 2
    )
    assert record["best_step"] == 2
    assert record["engine"] == "a fake"
    told = sweep.proposer.study.trials[record["number"] - 1]
    assert told.state == State.PRUNED
    assert sorted(told.intermediate_values) == [0, 1]
    assert told.intermediate_values[1] == record["metrics"]["val_loss"]


def noted(floor: float) -> Any:
    """Trials as the fakes run them, the base model's with a noise floor."""

    def run(task: TrialTask) -> Iterator[Report]:
        for report in trial(task):
            facts = {"noise_floor": {"val_loss": floor}} if task.entry.is_base else report.facts
            yield replace(report, facts=facts)

    return run


def test_no_trial_is_stopped_for_less_than_the_base_models_noise_floor(tmp_path: Path) -> None:
    grid = {"lora.r": {"values": [2, 16]}, "training.learning_rate": {"values": [2e-3, 9e-3]}}
    spec = make_spec(
        parameters=grid, sampler="grid", num_trials=4, seed=1, early_stopping={"kind": "asha"}
    )
    for floor, stops in ((1e-6, True), (10.0, False)):
        folder = tmp_path / str(floor)
        Drive(make_sweep(spec, folder), trial=noted(floor)).run()
        states = {r["state"] for name, r in records(folder).items() if name.startswith("EXP")}
        assert ("stopped" in states) is stops
        again = make_sweep(spec, folder)  # a resume knows it from the record
        assert again.stopper.values.floor == 0
        again.restore()
        assert again.stopper.values.floor == floor


def test_trials_start_from_the_adapter_that_they_name(tmp_path: Path) -> None:
    spec = make_spec(num_trials=1)
    lora = spec.trial.lora.model_copy(update={"adapter_name_or_path": "there"})
    trial = spec.trial.model_copy(update={"lora": lora})
    sweep = make_sweep(spec.model_copy(update={"trial": trial}), tmp_path)
    base, first = sweep.next_task(), sweep.next_task()
    assert base is not None
    assert base.checkpoint is None
    assert first is not None
    assert first.checkpoint is not None
    assert (first.checkpoint.adapter, first.checkpoint.step) == (b"there", 0)


def test_baselines_are_never_stopped(tmp_path: Path) -> None:
    bad = {f"bad {i}": {"lora.r": 2, "training.learning_rate": 9e-3 + i * 1e-4} for i in range(4)}
    spec = make_spec(baselines=bad, num_trials=4, early_stopping={"kind": "asha"})
    Drive(make_sweep(spec, tmp_path)).run()
    assert {r["state"] for r in records(tmp_path).values()} == {"complete"}


def test_a_failure_is_told_as_failed_and_the_sweep_goes_on(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(num_trials=3), tmp_path)
    base = sweep.next_task()
    assert base is not None
    sweep.on_failure(base.entry.trial, "out of memory")
    task = sweep.next_task()
    assert task is not None
    assert task.kind == "sft"
    sweep.on_failure(task.entry.trial, "val_loss is nan")
    Drive(sweep).run()
    found = records(tmp_path)
    assert found["EXP-001"]["error"] == "val_loss is nan"
    assert [r["state"] for r in found.values()] == ["failed", "complete", "complete"]
    assert states(sweep) == [State.FAIL, State.COMPLETE, State.COMPLETE]


def test_a_trial_that_diverged_teaches_and_one_that_was_lost_does_not(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(num_trials=4, sampler="tpe"), tmp_path)
    base = sweep.next_task()
    assert base is not None
    sweep.on_failure(base.entry.trial, "not of interest here")
    for ended in ({"diverged": True}, {"state": "infeasible"}, {}):
        task = sweep.next_task()
        assert task is not None
        sweep.on_failure(task.entry.trial, "it ended", **ended)
    Drive(sweep).run()
    taught = [State.PRUNED, State.PRUNED, State.FAIL, State.COMPLETE]
    assert states(sweep) == taught
    again = make_sweep(make_spec(num_trials=4, sampler="tpe"), tmp_path)
    again.restore()
    assert states(again) == taught
    told = [t.constraints for t in sweep.proposer.study.trials]
    assert [t.constraints for t in again.proposer.study.trials] == told
    assert [bool(constraints) for constraints in told] == [True, True, False, False]


def test_a_trial_without_its_objective_has_failed(tmp_path: Path) -> None:
    def forgetful(task: TrialTask) -> Iterator[Report]:
        for report in trial(task):
            yield replace(report, metrics={"bleu": 0.5}) if report.final else report

    sweep = make_sweep(make_spec(num_trials=2), tmp_path)
    Drive(sweep, trial=forgetful).run()
    record = records(tmp_path)["EXP-001"]
    assert record["state"] == "failed"
    assert "val_loss" in record["error"]
    assert record["metrics"] == {"bleu": 0.5}
    assert states(sweep) == [State.FAIL, State.FAIL]
    base = next(iter(tmp_path.glob("base/*/record.json")))
    assert '"complete"' in base.read_text()  # the base model is no candidate


@pytest.mark.parametrize("value", [math.nan, math.inf, "0.5", None, True])
def test_a_report_with_no_number_is_refused_before_the_ledger(tmp_path: Path, value: Any) -> None:
    sweep = make_sweep(make_spec(num_trials=1), tmp_path)
    sweep.next_task()
    task = sweep.next_task()
    assert task is not None
    report = Report(1, PLANNED, {"val_loss": 1.0}, 1.0, 0.125)
    object.__setattr__(report, "metrics", {"val_loss": value})  # as unpickling would
    with pytest.raises(MetricError):
        sweep.on_report(task.entry.trial, report)
    assert sweep.ledger.metrics(task.entry) == []
    assert task.entry.trial in sweep.running


def test_numpy_numbers_are_numbers(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(num_trials=1), tmp_path)
    sweep.next_task()
    task = sweep.next_task()
    assert task is not None
    sweep.on_report(task.entry.trial, Report(1, PLANNED, {"val_loss": np.float32(0.5)}, 1.0))
    sweep.on_report(task.entry.trial, Report(8, 8, {"val_loss": np.float64(0.5)}, 1.0, final=True))
    assert sweep.ledger.metrics(task.entry)[0]["val_loss"] == 0.5
    assert records(tmp_path)["EXP-001"]["metrics"] == {"val_loss": 0.5}


def test_a_dead_workers_trial_goes_on_once_from_its_checkpoint(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(num_trials=1), tmp_path)
    sweep.next_task()
    task = sweep.next_task()
    assert task is not None
    reports = trial(task)
    for _ in range(3):  # a checkpoint at step 2, a line at step 3
        sweep.on_report(task.entry.trial, next(reports))
    sweep.on_death(task.entry.trial, "killed")
    again = sweep.next_task()
    assert again is not None
    assert again.entry.trial == "EXP-001"
    assert again.checkpoint is not None
    assert again.checkpoint.step == 2
    assert again.checkpoint.best_adapter is not None
    assert [line["step"] for line in sweep.ledger.metrics(again.entry)] == [1, 2]
    assert sweep.running["EXP-001"].best == {"val_loss": loss_at(again.entry.config, 2)}
    sweep.on_death("EXP-001", "killed again")
    record = records(tmp_path)["EXP-001"]
    assert record["state"] == "failed"
    assert "died 2 times: killed again" in record["error"]
    sweep.on_death("EXP-001", "late news of an ended trial")
    assert records(tmp_path)["EXP-001"] == record


def test_an_invalid_combination_fails_and_the_sweep_goes_on(tmp_path: Path) -> None:
    names = {"model.name_or_path": {"values": ["toy:llama", "missing"]}}
    goal = {"metric": "rouge1", "mode": "max"}
    spec = make_spec(parameters=names, sampler="grid", num_trials=2, objective=goal)
    sweep = make_sweep(spec, tmp_path)
    Drive(sweep).run()
    found = {r["parameters"]["model.name_or_path"]: r for r in records(tmp_path).values()}
    assert found["toy:llama"]["state"] == "complete"
    assert found["missing"]["state"] == "failed"
    assert "cannot be found" in found["missing"]["error"]


@pytest.mark.parametrize("retry", [False, True])
def test_an_invalid_combination_found_again_after_a_kill(tmp_path: Path, retry: bool) -> None:
    names = {"model.name_or_path": {"values": ["missing"]}, "lora.r": {"values": [2, 4]}}
    spec = make_spec(parameters=names, sampler="grid", num_trials=2)
    Drive(make_sweep(spec, tmp_path)).run()
    if not retry:  # killed between config.json and record.json
        (tmp_path / "trials/EXP-001/record.json").unlink()
    sweep = make_sweep(spec, tmp_path)
    sweep.restore(retry_failed=retry)
    Drive(sweep).run()
    assert [r["state"] for r in records(tmp_path).values()] == ["failed", "failed"]


def test_several_objectives_have_no_intermediate_reports(tmp_path: Path) -> None:
    goals = [{"metric": "val_loss", "mode": "min"}, {"metric": "rouge1", "mode": "max"}]
    rule = {"kind": "asha", "metric": "val_loss"}
    spec = make_spec(objective=goals, early_stopping=rule, sampler="tpe", num_trials=14)
    sweep = make_sweep(spec, tmp_path)
    Drive(sweep, workers=2).run()
    found = [t for t in sweep.proposer.study.trials if t.state != State.FAIL]
    assert {t.state for t in found} == {State.COMPLETE, State.PRUNED}
    assert all(not t.intermediate_values for t in found)
    assert all(len(t.values) == 2 for t in found if t.state == State.COMPLETE)


def test_a_raising_observer_is_silenced_and_the_others_are_told(tmp_path: Path) -> None:
    class Broken(Watcher):
        def reported(self, entry: Any, report: Report) -> None:
            super().reported(entry, report)
            raise ConnectionError("no network")

    broken, watcher = Broken(), Watcher()
    sweep = make_sweep(make_spec(num_trials=2), tmp_path, [broken, watcher])
    Drive(sweep).run()
    sweep.observers.close()
    assert len([e for e in broken.told if e[0] == "reported"]) == 1
    assert ("close", "") not in broken.told
    assert [t for e, t in watcher.told if e == "finished"][1:] == ["EXP-001", "EXP-002"]
    assert watcher.told[-1] == ("close", "")
    events = [e for e, t in watcher.told if t == "EXP-001"]
    assert events == ["started", *["reported"] * (PLANNED + 1), "finished"]


def test_an_exhausted_grid_ends_the_sweep(tmp_path: Path) -> None:
    grid = {"lora.r": {"values": [2, 4, 8]}}
    sweep = make_sweep(make_spec(parameters=grid, sampler="grid", num_trials=9), tmp_path)
    Drive(sweep, workers=2).run()
    assert sweep.over
    assert sorted(p["lora.r"] for p in parameters(tmp_path)) == [2, 4, 8]


def test_an_interrupted_sweep_starts_nothing_more(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(num_trials=3), tmp_path)
    task = sweep.next_task()
    assert task is not None
    sweep.interrupted.set()
    assert sweep.next_task() is None
    assert not sweep.over
    sweep.on_death(task.entry.trial, "killed by the same Ctrl-C")
    assert sweep.ledger.record(task.entry) is None  # unfinished, not failed


def test_the_objectives_direction_reaches_optuna(tmp_path: Path) -> None:
    goal = {"metric": "rouge1", "mode": "max"}
    sweep = make_sweep(make_spec(objective=goal, num_trials=3), tmp_path)
    Drive(sweep).run()
    best = max(r["metrics"]["rouge1"] for r in records(tmp_path).values())
    assert sweep.proposer.study.best_value == best
