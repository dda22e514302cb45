"""A sweep of trials in stages: real toy trials through the driver, killed anywhere, and in Ray."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.sweep import Sweep
from sweeps.control.task import TrialTask
from sweeps.launch.on_ray import new_run
from sweeps.planning.plan import make_plan
from sweeps.readiness.checks import unpackable
from sweeps.reading.loading import load_spec
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import SweepSpec
from sweeps.tune.trial_thread import TrialThread
from tests.sweeps.fakes import Drive, records
from trainables.context import Report

NAMES = ["first", "second"]


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDSWEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


def content(**search: Any) -> dict[str, Any]:
    stages = [
        {
            "name": name,
            # the same source split in two ways: rows of one stage are held back by the other
            "data": {"source": "toy:drugs", "limit": 60, "seed": seed, "system_prompt": None},
            "training": {"max_steps": 3, "per_device_train_batch_size": 2, "max_length": 96},
        }
        for seed, name in enumerate(NAMES)
    ]
    trial = {
        "kind": "staged",
        "model": {"name_or_path": "toy:llama", "dtype": "float32"},
        "lora": {"r": 2, "target_modules": ["q_proj"], "lora_dropout": 0.1},
        "evaluation": {"metrics": ["rouge"], "limit": 1, "max_new_tokens": 2, "loss_limit": 4},
        "stages": stages,
    }
    rates = {"stages.1.training.learning_rate": {"values": [1e-3, 1e-2]}}
    search = {"parameters": rates, "sampler": "grid", "num_trials": 1, **search}
    return {"name": "staged", "trial": trial, "search": search}


def sweep_in(folder: Path, **search: Any) -> Sweep:
    return Sweep(SweepSpec.model_validate(content(**search)), Ledger(folder))


def real(task: TrialTask) -> Iterator[Report]:
    """The reports of a task, trained as a worker trains it."""
    thread = TrialThread(task.kind, task.entry.config, task.prepared, task.checkpoint)
    try:
        while True:
            report = thread.next()
            assert isinstance(report, Report), report
            yield report
    finally:
        thread.stop()  # else it would go on training, on the base model that all tests share


def run_killed(folder: Path, after: int) -> None:
    """Drive the sweep until its trial has sent so many reports, then forget the driver."""
    sweep = sweep_in(folder)
    while task := sweep.next_task():
        for number, report in enumerate(real(task), 1):
            sweep.on_report(task.entry.trial, report)
            if number == after and not task.entry.is_base:
                return
            if report.final:
                break


def outcome(folder: Path) -> tuple[dict[str, Any], list[Any]]:
    """The trial's record and its lines, without clocks."""
    ledger = Ledger(folder)
    entry = next(entry for entry in ledger.entries() if not entry.is_base)
    lines = [{k: v for k, v in line.items() if k != "seconds"} for line in ledger.metrics(entry)]
    record: dict[str, Any] = _timeless(ledger.record(entry))
    return record, lines


def _timeless(content: Any) -> Any:
    clocks = {"seconds", "minutes", "elapsed", "started", "finished"}
    if isinstance(content, dict):
        return {k: _timeless(v) for k, v in content.items() if k not in clocks}
    return [_timeless(inner) for inner in content] if isinstance(content, list) else content


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    Drive(sweep_in(folder), trial=real).run()
    return folder


def test_the_record_holds_every_stage(whole: Path) -> None:
    record, lines = outcome(whole)
    assert (record["state"], record["kind"], record["engine"]) == ("complete", "staged", "isolated")
    assert [stage["name"] for stage in record["stages"]] == NAMES
    assert (record["steps"], record["planned_steps"]) == (6, 6)
    for stage in record["stages"]:
        assert set(stage["val_losses"]) == set(NAMES)
    assert record["metrics"]["val_loss"] == record["stages"][1]["val_losses"]["second"]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert [line["rung"] for line in lines if "rung" in line] == [0.125, 0.25, 0.5, 1.0]


def test_the_base_model_is_measured_on_all_stages(whole: Path) -> None:
    (file,) = whole.glob("base/*/record.json")
    record = json.loads(file.read_text())
    assert set(record["val_losses"]) == {"first"}
    assert record["metrics"]["val_loss"] > 0


def test_no_stage_trains_on_rows_that_another_is_measured_on(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    first, second = sweep.preparation.data(sweep.spec.trial).stages
    for own, other in ((first, second), (second, first)):
        assert own.report["dropped"]["other_stage"] > 0
        assert set(own.train.questions).isdisjoint(other.validation.questions)


@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 7])
def test_killed_after_any_report(whole: Path, tmp_path: Path, after: int) -> None:
    run_killed(tmp_path, after)
    resumed = sweep_in(tmp_path)
    resumed.restore()
    Drive(resumed, trial=real).run()
    assert outcome(tmp_path) == outcome(whole)
    kept = "trials/EXP-001/adapter/adapter_model.safetensors"
    assert (tmp_path / kept).read_bytes() == (whole / kept).read_bytes()


def test_a_trial_that_takes_a_stage_over_is_the_one_that_trains_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Drive(sweep_in(tmp_path / "shared", num_trials=2), trial=real).run()
    monkeypatch.setattr("sweeps.control.shared_stages.SharedStages._made_keys", lambda *_: ())
    Drive(sweep_in(tmp_path / "alone", num_trials=2), trial=real).run()
    record = records(tmp_path / "shared")["EXP-002"]
    first = record["stages"][0]
    assert first.pop("shared_from") == "EXP-001"
    assert first.pop("shared_seconds") == record.pop("shared_seconds") == first["elapsed"]
    assert _timeless(record) == _timeless(records(tmp_path / "alone")["EXP-002"])
    kept = "trials/EXP-002/adapter/adapter_model.safetensors"
    assert (tmp_path / "shared" / kept).read_bytes() == (tmp_path / "alone" / kept).read_bytes()
    lines = [
        _lines(tmp_path / name / "trials/EXP-002/metrics.jsonl") for name in ("shared", "alone")
    ]
    assert lines[0] == lines[1]


def _lines(file: Path) -> Any:
    return _timeless([json.loads(line) for line in file.read_text().splitlines()])


def test_a_stopped_trial_says_which_stages_it_had(tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path, num_trials=1)
    task = sweep.next_task()
    sweep.stopper.record = lambda *_, **__: True  # type: ignore[method-assign]
    while task and task.entry.is_base:
        for report in real(task):
            sweep.on_report(task.entry.trial, report)
            if report.final:
                break
        task = sweep.next_task()
    assert task
    reports = real(task)
    while not sweep.on_report(task.entry.trial, next(reports)):
        pass
    record = records(tmp_path)["EXP-001"]
    assert (record["state"], record["stage"], record["stages"]) == ("stopped", "first", [])


def test_it_is_planned(whole: Path, tmp_path: Path) -> None:
    sweep = sweep_in(tmp_path)
    assert unpackable(sweep.spec, sweep.space) is None
    plan = make_plan(sweep.spec, False, lambda line: None)
    assert plan.data is not None
    assert list(plan.data["stages"]) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize(("pack", "engine"), [(1, "isolated"), (2, "packed")])
def test_a_sweep_in_ray(tmp_path: Path, pack: int, engine: str) -> None:
    file = tmp_path / "spec.yaml"
    asked = content(num_trials=2, early_stopping={"kind": "asha", "grace": 0.25})
    file.write_text(json.dumps({**asked, "cluster": {"trials_per_gpu": pack}}))
    new_run(load_spec(file), tmp_path / "run", lambda *_: [], lambda _: None)
    found = records(tmp_path / "run")
    assert len(found) == 2
    states = [record["state"] for record in found.values()]
    assert "complete" in states
    assert set(states) <= {"complete", "stopped"}
    assert {record["engine"] for record in found.values()} == {engine}
    assert found["EXP-002"]["stages"][0]["shared_from"] == "EXP-001"
    rates = {r["parameters"]["stages.1.training.learning_rate"] for r in found.values()}
    assert rates == {1e-3, 1e-2}
