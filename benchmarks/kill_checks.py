"""What must hold for a sweep whose driver was killed and that went on: each answer lists faults."""

import json
from pathlib import Path

from benchmarks.run_snapshot import JSON, Snapshot, hashes, interval, lines, trial_folders

TRIALS = 12  # of the preset toy


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
