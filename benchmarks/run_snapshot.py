"""What of a run folder must not change any more once its driver was killed."""

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

JSON = dict[str, Any]


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
