"""What must hold for a sweep whose driver was killed and that went on: what must not change in its
run folder any more, and checks that each list faults."""

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.output import JSON

TRIALS = 12  # of the preset toy


def trial_folders(run: Path) -> list[Path]:
    """All trials that were ever suggested, in order."""
    return sorted(path.parent for path in run.glob("trials/EXP-*/config.json"))


def lines(trial: Path) -> list[JSON]:
    """The whole lines of metrics.jsonl."""
    path = trial / "metrics.jsonl"
    text = path.read_text() if path.is_file() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def checkpoint_step(trial: Path) -> int:
    """The step of the newest checkpoint; 0 where there is none."""
    folders = sorted((trial / "checkpoint").glob("step-*"))
    return int(folders[-1].name.removeprefix("step-")) if folders else 0


def hashes(*roots: Path) -> dict[str, str]:
    """SHA-256 of every file under these folders or at these paths."""
    files = [f for root in roots for f in ([root] if root.is_file() else root.rglob("*"))]
    return {str(f): hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.is_file()}


def interval(trial: Path) -> int:
    """The longest way between two checkpoints of a trial, in steps (one at each evaluation)."""
    at = [0, *(line["step"] for line in lines(trial) if "val_loss" in line)]
    return max((b - a for a, b in pairwise(at)), default=0)


@dataclass
class Snapshot:
    """What must not change any more, as it was when the driver was killed."""

    configs: dict[str, str]  # hashes of config.json
    finished: dict[str, str]  # hashes of all files of finished trials
    finished_ids: set[str]
    kept_lines: dict[str, list[JSON]]  # of unfinished trials, up to the checkpoint
    under_way: dict[str, JSON]


def snapshot(run: Path) -> Snapshot:
    """Read the run folder after a kill."""
    folders = trial_folders(run)
    done = [f for f in folders if (f / "record.json").is_file()]
    open_ = [f for f in folders if f not in done]
    return Snapshot(
        configs=hashes(*(f / "config.json" for f in folders)),
        finished=hashes(*done),
        finished_ids={f.name for f in done},
        kept_lines={
            f.name: [x for x in lines(f) if x["step"] <= checkpoint_step(f)] for f in open_
        },
        under_way={
            f.name: {
                "last_step": max((x["step"] for x in lines(f)), default=0),
                "checkpoint": checkpoint_step(f),
            }
            for f in open_
        },
    )


def parameters(run: Path) -> list[JSON]:
    """Each trial's parameters, in order."""
    return [json.loads((f / "config.json").read_text())["parameters"] for f in trial_folders(run)]


def started_again(snapshots: list[Snapshot], started: list[list[str]]) -> list[str]:
    """Finished trials that a later process started."""
    return [
        f"{trial} was finished and started again"
        for number, snap in enumerate(snapshots, start=1)
        for later in started[number:]
        for trial in later
        if trial in snap.finished_ids
    ]


def changed(run: Path, snapshots: list[Snapshot]) -> list[str]:
    """Configurations, finished trials and kept lines that are not as they were at a kill."""
    now = hashes(run / "trials")
    held = [item for snap in snapshots for item in (snap.configs | snap.finished).items()]
    files = sorted({f"{name} changed" for name, digest in held if now.get(name) != digest})
    lost = [
        f"{trial}: lines up to its checkpoint changed"
        for snap in snapshots
        for trial, kept in snap.kept_lines.items()
        if lines(run / "trials" / trial)[: len(kept)] != kept
    ]
    return files + lost


def wrong_at_the_end(run: Path) -> list[str]:
    """What is wrong with the finished run."""
    folders = trial_folders(run)
    records = [f for f in folders if (f / "record.json").is_file()]
    expected = [f"EXP-{number:03d}" for number in range(1, TRIALS + 1)]
    distinct = {json.dumps(p, sort_keys=True) for p in parameters(run)}
    steps = {f.name: [line["step"] for line in lines(f)] for f in folders}
    states = {f.name: json.loads((f / "record.json").read_text())["state"] for f in records}
    rows = (run / "trials.csv").read_text().splitlines() if (run / "trials.csv").is_file() else []
    found = [
        *([f"ids: {[f.name for f in folders]}"] if [f.name for f in folders] != expected else []),
        *([f"{len(records)} records"] if len(records) != TRIALS else []),
        *([f"{len(distinct)} distinct configurations"] if len(distinct) != TRIALS else []),
        *([f"{len(rows) - 1} rows in trials.csv"] if len(rows) - 1 != TRIALS else []),
    ]
    found += [f"{t} is {s}" for t, s in states.items() if s not in {"complete", "stopped"}]
    return found + [
        f"{trial}: steps {at}" for trial, at in steps.items() if at != sorted(set(at)) or not at
    ]


def steps_redone(run: Path, snap: Snapshot) -> list[int | str]:
    """For each trial under way at a kill, the steps done again; a message where too many."""
    found: list[int | str] = []
    for trial, was in snap.under_way.items():
        again = was["last_step"] - was["checkpoint"]
        most = interval(run / "trials" / trial)
        too_many = f"{trial}: {again} steps done again; a checkpoint every {most}"
        found.append(again if 0 <= again <= most else too_many)
    return found
