"""The best trials again with other seeds: what is run, what is kept, what a kill changes."""

import dataclasses
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.confirmation.asked import Asked, asked_now, seeds_of
from sweeps.confirmation.confirmation import Confirmation
from sweeps.confirmation.judging import judge
from sweeps.control.task import TrialTask
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.confirm import ConfirmConfig
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import Drive, FakePreparation, make_spec, make_sweep, trial
from tests.sweeps.run_folder.deaths import KilledError, killer
from trainables.context import Report

BASELINE = {"ours": {"lora.r": 2, "training.learning_rate": 1e-4}}


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # the tests would wait for the disk


def seeded(task: TrialTask) -> Iterator[Report]:
    """A trial whose losses move with its seed, by 0.05."""
    for report in trial(task):
        if task.entry.is_base or "val_loss" not in report.metrics:
            yield report
            continue
        noise = random.Random(task.entry.config["training"]["seed"]).gauss(0, 0.05)
        metrics = {**report.metrics, "val_loss": report.metrics["val_loss"] + noise}
        yield dataclasses.replace(report, metrics=metrics)


def searched(folder: Path, **search: Any) -> tuple[SweepSpec, list[str]]:
    """A search that is over, and its trials, the best one first."""
    spec = make_spec(**{"baselines": BASELINE, "num_trials": 6, "seed": 3, **search})
    Drive(make_sweep(spec, folder), 2, seeded).run()
    ledger = Ledger(folder)
    losses = {
        e.trial: record["metrics"]["val_loss"]
        for e in ledger.entries()
        if not e.is_base and (record := ledger.record(e)) and record["state"] == "complete"
    }
    return spec, sorted(losses, key=losses.__getitem__)


def confirmed(
    folder: Path, spec: SweepSpec, best: list[str], workers: int = 2, **config: Any
) -> tuple[Confirmation, Drive]:
    ledger = Ledger(folder)
    section = ConfirmConfig.model_validate(config)
    asked = asked_now(section, spec.search, ledger, best, ("val_loss", "min"))
    asked.write(folder)
    sweep = Confirmation(spec, ledger, asked, judge)
    sweep.restore()
    return sweep, Drive(sweep, workers, seeded).run()


def runs(folder: Path) -> dict[str, float]:
    ledger = Ledger(folder)
    records = {entry.trial: ledger.record(entry) for entry in ledger.entries(again=True)}
    return {name: record["metrics"]["val_loss"] for name, record in records.items() if record}


def test_the_best_and_the_baselines_are_trained_with_seeds_of_their_own(tmp_path: Path) -> None:
    spec, best = searched(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.glob("trials/*/*.json")}
    sweep, drive = confirmed(tmp_path, spec, best, top=2, seeds=2, stop_when_clear=False)
    names = [f"{name}/seeds/{n}" for n in (1, 2) for name in (best[0], best[1], "EXP-001")]
    assert sorted(drive.started) == sorted(names)
    assert (sweep.planned, sweep.done) == (6, 6)
    for entry in Ledger(tmp_path).entries(again=True):
        of, _, number = entry.trial.split("/")
        own = json.loads((tmp_path / "trials" / of / "config.json").read_text())
        assert entry.config["training"].pop("seed") == 42 + int(number)
        assert own["config"]["training"].pop("seed") == 42
        assert entry.config == own["config"]
        assert entry.base == own["base"]  # measured on the same rows: asked only once
        assert (tmp_path / "trials" / entry.trial / "record.json").is_file()
    assert {f: f.read_bytes() for f in before} == before
    assert [e.trial for e in Ledger(tmp_path).entries() if not e.is_base] == [
        f"EXP-00{n}" for n in range(1, 7)
    ]


def test_other_rows_are_measured_of_the_base_model_too(tmp_path: Path) -> None:
    spec, best = searched(tmp_path)
    vary = {"vary": ["seed", "split"], "stop_when_clear": False}
    confirmed(tmp_path, spec, best, top=2, seeds=2, baselines=False, **vary)
    entries = Ledger(tmp_path).entries(again=True)
    seeds = {e.trial: e.config["data"]["validation_seed"] for e in entries}
    assert seeds == {f"{name}/seeds/{n}": 42 + n for name in best[:2] for n in (1, 2)}
    assert len({e.base for e in entries}) == 2
    assert len([e for e in Ledger(tmp_path).entries() if e.is_base]) == 3
    assert all(Ledger(tmp_path).record(e) for e in Ledger(tmp_path).entries())


def test_nobody_is_stopped_early(tmp_path: Path) -> None:
    stopping = {"kind": "asha", "grace": 0.1}
    spec, best = searched(tmp_path, early_stopping=stopping, num_trials=8)
    confirmed(tmp_path, spec, best, top=3, seeds=3, stop_when_clear=False)
    states = {Ledger(tmp_path).record(e)["state"] for e in Ledger(tmp_path).entries(again=True)}  # type: ignore[index]
    assert states == {"complete"}


def test_the_race_ends_where_one_has_won(tmp_path: Path) -> None:
    spec, best = searched(tmp_path)
    far, drive = confirmed(tmp_path, spec, best, top=1, seeds=9)  # the baseline is far behind
    assert far.course.clear == best[0]
    assert len(drive.started) < 18


@pytest.mark.parametrize("workers", [1, 3])
def test_a_kill_changes_nothing(tmp_path: Path, workers: int) -> None:
    spec, best = searched(tmp_path / "whole")
    with killer() as writes:
        confirmed(tmp_path / "whole", spec, best, workers, top=3, seeds=3)
    wanted = runs(tmp_path / "whole")
    assert writes.count > 100
    for at in range(0, writes.count, 17):
        folder = tmp_path / f"killed-{at}"
        spec, best = searched(folder)
        with killer(at), pytest.raises(KilledError):
            confirmed(folder, spec, best, workers, top=3, seeds=3)
        finished = set(runs(folder))
        sweep, again = confirmed(folder, spec, best, workers, top=3, seeds=3)
        assert runs(folder) == wanted
        assert sweep.over
        assert not set(again.started) & finished


def test_a_second_time_with_more_seeds_keeps_what_was_run(tmp_path: Path) -> None:
    spec, best = searched(tmp_path)
    confirmed(tmp_path, spec, best, top=2, seeds=2, stop_when_clear=False)
    first = runs(tmp_path)
    _, drive = confirmed(tmp_path, spec, best, top=3, seeds=3, stop_when_clear=False)
    assert not set(drive.started) & set(first)
    assert len(runs(tmp_path)) == 12
    asked = Asked.read(tmp_path)
    assert asked is not None
    assert asked.candidates == tuple(best[:3])
    assert asked.first_seed == 43  # the first run's seeds stay what they were


def test_a_run_that_diverges_counts_against_its_trial(tmp_path: Path) -> None:
    spec, best = searched(tmp_path)

    ledger = Ledger(tmp_path)
    asked = asked_now(ConfirmConfig(top=2), spec.search, ledger, best, ("val_loss", "min"))
    sweep = Confirmation(spec, ledger, asked, judge)
    sweep.restore()
    while not sweep.over and (task := sweep.next_task()):
        if task.entry.trial.startswith(f"{best[0]}/"):
            sweep.on_failure(task.entry.trial, "val_loss is nan", diverged=True)
            continue
        for report in seeded(task):
            sweep.on_report(task.entry.trial, report)
    assert sweep.over
    assert sweep.course.clear != best[0]


def test_other_seeds_of_a_search_are_no_new_ones(tmp_path: Path) -> None:
    parameters = {"training.seed": {"values": [7, 90]}, "lora.r": {"values": [2, 4]}}
    spec, best = searched(tmp_path, parameters=parameters, baselines={}, num_trials=4)
    config = ConfirmConfig(top=1)
    asked = asked_now(config, spec.search, Ledger(tmp_path), best, ("val_loss", "min"))
    assert asked.first_seed == 91
    assert len(asked.pool) == 2  # configurations, each the mean over its seeds


def test_all_stages_get_the_seed() -> None:
    stages = [{"training": {"seed": 7}}, {"training": {"seed": 7}}]
    assert seeds_of({"stages": stages}) == {
        "stages.0.training.seed": 7,
        "stages.1.training.seed": 7,
    }


def test_what_is_trained_again_is_said_before() -> None:
    asked = Asked(("EXP-007", "EXP-003"), ("EXP-001",), 3, 43, metric="val_loss")
    said = "Training again with 3 new seeds each: EXP-007, EXP-003, EXP-001. At most 9 runs"
    assert asked.told == f"{said}; who can no longer win gets no more."
    several = dataclasses.replace(asked, metric=None)
    assert several.told.startswith(said)
    assert several.told.endswith("the rule compares several metrics and a race takes one.")
    once = dataclasses.replace(asked, seeds=1, stop_when_clear=False, vary=("seed", "split"))
    assert "1 new seed and other validation rows each" in once.told
    assert once.told.endswith("At most 3 runs.")
