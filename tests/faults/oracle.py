"""What must hold of a sweep after any fault, once it has been resumed to its end."""

import json
import math
from pathlib import Path
from typing import Any

import psutil

from tests.medsweep.processes import left_behind, medsweep, wait_for

ENDED = {"complete", "stopped", "failed", "infeasible"}


def holds(folder: Path, cache: Path, asked: int, temporary: Path) -> None:
    """The oracle: identities, states, redone steps, the best, a second resume, what is left.

    `temporary` was the TMPDIR of all its drivers, of whom none lives.
    """
    records = records_of(folder)
    assert sorted(records) == [f"EXP-{n:03d}" for n in range(1, asked + 1)], "one identity each"
    assert {record["state"] for record in records.values()} <= ENDED
    mirrored(folder, records)
    chosen_well(folder, records)
    for name in records:
        once_a_step(folder / "trials" / name)
    resumed_changes_nothing(folder, cache)
    nothing_left(cache, temporary)


def records_of(folder: Path) -> dict[str, dict[str, Any]]:
    """The record of each trial that has ended, by its folder's name."""
    found = {p.parent.name: json.loads(p.read_text()) for p in folder.glob("trials/*/record.json")}
    assert all(record["trial"] == name for name, record in found.items())
    return found


def mirrored(folder: Path, records: dict[str, dict[str, Any]]) -> None:
    """Optuna's mirror has each trial once, in its own state, and none as running."""
    import optuna

    storage = f"sqlite:///{folder / 'study.db'}"
    (summary,) = optuna.get_all_study_summaries(storage)
    trials = optuna.load_study(study_name=summary.study_name, storage=storage).trials
    assert not any(trial.state.name in ("RUNNING", "WAITING") for trial in trials)
    assert len(trials) == len(records)
    complete = [trial for trial in trials if trial.state.name == "COMPLETE"]
    assert len(complete) >= sum(record["state"] == "complete" for record in records.values())


def chosen_well(folder: Path, records: dict[str, dict[str, Any]]) -> None:
    """The best trial is complete and its metrics are numbers."""
    best = json.loads((folder / "best.json").read_text())
    record = records[best["trial"]]
    assert record["state"] == "complete"
    assert math.isfinite(record["metrics"]["val_loss"])


def once_a_step(trial: Path) -> None:
    """What was redone after a fault replaced what was reported of it: steps rise."""
    lines = (trial / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == sorted(set(steps)), f"{trial.name}: {steps}"


def resumed_changes_nothing(folder: Path, cache: Path) -> None:
    """A finished sweep is finished."""
    before = {path: path.read_bytes() for path in folder.glob("trials/*/*.json*")}
    again = medsweep(cache, "resume", folder)
    assert again.returncode == 0, again.stdout + again.stderr
    assert {path: path.read_bytes() for path in folder.glob("trials/*/*.json*")} == before


def nothing_left(cache: Path, temporary: Path) -> None:
    """No process, no temporary folder, no shared memory of one."""
    wait_for(lambda: not left_behind(cache), 20, f"all processes gone: {left_behind(cache)}")
    assert [path.name for path in temporary.iterdir()] == []


def worker_of(driver: int, what: str = "ray::TuneWorker") -> psutil.Process:
    """The process of that name, or of a program at the end of that path, below a driver."""
    found = [
        child
        for child in psutil.Process(driver).children(recursive=True)
        if any(part.startswith(what) or part.endswith(f"/{what}") for part in child.cmdline())
    ]
    assert found, f"no {what}"
    return found[0]
