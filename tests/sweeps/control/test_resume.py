"""Kill the driver anywhere, resume: nothing is lost, nothing is done twice, nothing changes."""

import itertools
import os
import random
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.sweep import Sweep
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import (
    Drive,
    FakePreparation,
    make_spec,
    make_sweep,
    parameters,
    records,
    trial,
)
from tests.sweeps.run_folder.deaths import KilledError, killer, snapshot

GRID = {"lora.r": {"values": [2, 4, 8]}, "training.max_length": {"values": [64, 128]}}
RANGES = {
    "training.learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2},
    "lora.lora_dropout": {"min": 0.0, "max": 0.5},
}


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # the tests would wait for the disk


def metrics(folder: Path) -> dict[str, list[dict[str, Any]]]:
    ledger = Ledger(folder)
    return {e.trial: ledger.metrics(e) for e in ledger.entries() if not e.is_base}


def resumed(spec: SweepSpec, folder: Path, workers: int = 1, retry: bool = False) -> Drive:
    sweep = make_sweep(spec, folder)
    sweep.restore(retry)
    assert_rungs_are_the_ledgers(sweep, folder)
    return Drive(sweep, workers).run()


def assert_rungs_are_the_ledgers(sweep: Sweep, folder: Path) -> None:
    rungs: dict[float, dict[str, float]] = {}
    for name, lines in metrics(folder).items():
        for line in lines:
            if "rung" in line:
                rungs.setdefault(line["rung"], {})[name] = line["val_loss"]
    assert sweep.stopper.values._values == rungs


def run_killed(spec: SweepSpec, folder: Path, at: int | None, workers: int) -> int:
    """Run until the write numbered `at`; returns the number of writes."""
    with killer(at) as death:
        try:
            Drive(make_sweep(spec, folder), workers).run()
        except KilledError:
            assert at is not None
        return death.count


def check_every_death(
    spec: SweepSpec, folder: Path, workers: int = 1, stride: int = 1, same: bool = True
) -> int:
    """Kill at every `stride`-th write and resume; `same`: as if never interrupted."""
    total = run_killed(spec, folder / "whole", None, workers)
    whole = parameters(folder / "whole")
    for at in range(0, total, stride):
        here = folder / f"killed-{at}"
        run_killed(spec, here, at, workers)
        before = snapshot(here, "**/record.json")
        drive = resumed(spec, here, workers)
        finished = {Path(name).parent.name for name in before}
        assert not finished & set(drive.started), at  # none run twice
        found = records(here)
        assert list(found) == [f"EXP-{i:03d}" for i in range(1, len(whole) + 1)], at
        assert before.items() <= snapshot(here, "**/record.json").items(), at
        if same:
            assert parameters(here) == whole, at
        else:
            texts = {repr(p) for p in parameters(here)}
            assert len(texts) == len(whole), at
        check_lines(here, folder / "whole", complete=spec.search.early_stopping is None and same)
        kept = snapshot(here)
        assert resumed(spec, here).started == []
        assert snapshot(here) == kept, at
    return total


def check_lines(here: Path, whole: Path, complete: bool) -> None:
    """No line is there twice or missing; without early stopping they are the whole run's."""
    for name, lines in metrics(here).items():
        assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
        if complete:
            assert lines == metrics(whole)[name]


@pytest.mark.parametrize(
    ("sampler", "space"), [("random", RANGES), ("grid", GRID), ("qmc", RANGES), ("tpe", RANGES)]
)
def test_killed_at_every_write(tmp_path: Path, sampler: str, space: dict[str, Any]) -> None:
    spec = make_spec(sampler=sampler, parameters=space, num_trials=2)
    total = check_every_death(spec, tmp_path, stride=1 if sampler == "random" else 5)
    assert total > 100  # the killer sees the writes


@pytest.mark.parametrize("sampler", ["tpe", "cmaes"])
def test_a_sampler_that_learns_goes_on_as_if_never_killed(tmp_path: Path, sampler: str) -> None:
    spec = make_spec(sampler=sampler, parameters=RANGES, num_trials=14)
    check_every_death(spec, tmp_path, stride=131)
    assert len({p["lora.lora_dropout"] for p in parameters(tmp_path / "whole")}) == 14


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "cmaes"])
@pytest.mark.parametrize("workers", [2, 3])
def test_killed_with_several_workers(tmp_path: Path, sampler: str, workers: int) -> None:
    same = sampler in ("random", "qmc")
    spec = make_spec(sampler=sampler, parameters=RANGES, num_trials=12)
    check_every_death(spec, tmp_path, workers, stride=199, same=same)


@pytest.mark.parametrize("kind", ["asha", "median"])
def test_killed_with_early_stopping(tmp_path: Path, kind: str) -> None:
    rule = {"kind": kind, "grace": 0.25}
    spec = make_spec(parameters=RANGES, num_trials=8, early_stopping=rule)
    check_every_death(spec, tmp_path, workers=2, stride=29)
    states = {r["state"] for r in records(tmp_path / "whole").values()}
    assert states == {"complete", "stopped"}


def test_three_kills_in_one_sweep(tmp_path: Path) -> None:
    spec = make_spec(sampler="tpe", num_trials=12)
    draw = random.Random(7)
    for attempt in range(4):
        folder = tmp_path / str(attempt)
        for _ in range(3):
            with killer(draw.randrange(20, 250)):
                sweep = make_sweep(spec, folder)
                try:
                    sweep.restore()
                    Drive(sweep, workers=2).run()
                except KilledError:
                    continue
        resumed(spec, folder, workers=2)
        assert len(records(folder)) == 12
        assert len({repr(p) for p in parameters(folder)}) == 12
        assert [r["number"] for r in records(folder).values()] == list(range(1, 13))
        check_lines(folder, folder, complete=False)


def test_a_broken_newest_checkpoint_costs_one_interval(tmp_path: Path) -> None:
    spec = make_spec(num_trials=1)
    sweep = make_sweep(spec, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        Drive(sweep, trial=lambda task: _interrupted(task, 5)).run()
    folder = tmp_path / "trials/EXP-001/checkpoint"
    newer = folder / "step-00000005"
    newer.mkdir()
    (newer / "state.json").write_text('{"step": 5}')
    (newer / "adapter.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    drive = resumed(spec, tmp_path)
    assert drive.started == ["EXP-001"]
    assert [line["step"] for line in metrics(tmp_path)["EXP-001"]] == list(range(1, 9))
    assert [f.name for f in folder.iterdir()] == ["step-00000008"]


def _interrupted(task: Any, after: int) -> Any:
    if task.entry.is_base:
        yield from trial(task)
    yield from itertools.islice(trial(task), after)
    raise KeyboardInterrupt


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
def test_a_sweep_is_extended(tmp_path: Path, sampler: str) -> None:
    short = make_spec(sampler=sampler, num_trials=4, seed=5)
    longer = make_spec(sampler=sampler, num_trials=9, seed=5)
    Drive(make_sweep(short, tmp_path / "a")).run()
    kept = snapshot(tmp_path / "a", "**/record.json")
    drive = resumed(longer, tmp_path / "a")
    assert drive.started == [f"EXP-{i:03d}" for i in range(5, 10)]
    assert kept.items() <= snapshot(tmp_path / "a").items()
    if sampler != "tpe":
        Drive(make_sweep(longer, tmp_path / "b")).run()
        assert parameters(tmp_path / "a") == parameters(tmp_path / "b")


def test_a_restored_trial_is_judged_again_at_its_last_rung(tmp_path: Path) -> None:
    rates = {"training.learning_rate": {"values": [1e-2, 2e-3]}}
    spec = make_spec(
        early_stopping={"kind": "asha"}, parameters=rates, num_trials=2, sampler="grid", seed=0
    )
    sweep = make_sweep(spec, tmp_path)
    sweep.on_failure(next_entry(sweep), "the base model is of no interest here")
    tasks = [task for task in (sweep.next_task(), sweep.next_task()) if task]
    worst, best = sorted(tasks, key=lambda t: -t.entry.config["training"]["learning_rate"])
    ends = {}
    for task in (worst, best):  # both pass the rung at 1/4; the worst came first
        reports = trial(task)
        for report in itertools.islice(reports, 2):
            assert not sweep.on_report(task.entry.trial, report)
        ends[task.entry.trial] = reports
    line = next(ends[worst.entry.trial])
    assert line.rung is None
    again = make_sweep(spec, tmp_path)
    again.restore()
    while again.next_task():
        pass
    for found in (sweep, again):
        assert not found.on_report(best.entry.trial, line)
        assert found.on_report(worst.entry.trial, line)
        record = records(tmp_path)[worst.entry.trial]
        assert (record["state"], record["steps"]) == ("stopped", 3)
        # what an evaluation said of itself is known to the driver that heard it
        assert record.get("engine") == ("a fake" if found is sweep else None)


def next_entry(sweep: Sweep) -> str:
    task = sweep.next_task()
    assert task is not None
    return task.entry.trial


def test_failed_trials_run_again_and_their_records_are_kept(tmp_path: Path) -> None:
    spec = make_spec(num_trials=3)
    sweep = make_sweep(spec, tmp_path)
    base, first = sweep.next_task(), sweep.next_task()
    assert base is not None
    assert first is not None
    sweep.on_failure(first.entry.trial, "out of memory")
    sweep.on_failure(base.entry.trial, "out of memory")
    Drive(sweep).run()
    assert resumed(spec, tmp_path).started == []
    drive = resumed(spec, tmp_path, retry=True)
    assert drive.started == [base.entry.trial, "EXP-001"]
    assert {r["state"] for r in records(tmp_path).values()} == {"complete"}
    aside = tmp_path / "trials/EXP-001/record.failed-1.json"
    assert "out of memory" in aside.read_text()
    assert (tmp_path / base.entry.folder / "record.failed-1.json").is_file()
    assert resumed(spec, tmp_path, retry=True).started == []


def test_a_trial_that_fails_again_keeps_both_records(tmp_path: Path) -> None:
    spec = make_spec(num_trials=1)
    for attempt in range(3):
        sweep = make_sweep(spec, tmp_path)
        sweep.restore(retry_failed=True)
        while task := sweep.next_task():
            sweep.on_failure(task.entry.trial, f"attempt {attempt}")
    folder = tmp_path / "trials/EXP-001"
    texts = [
        (folder / n).read_text()
        for n in ("record.failed-1.json", "record.failed-2.json", "record.json")
    ]
    assert all(f"attempt {i}" in text for i, text in enumerate(texts))
