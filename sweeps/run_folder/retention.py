"""Which checkpoints stay once their trials have ended, and how much disk the run folder takes.

A checkpoint is there to go on from. Complete and stopped trials never do; failed and infeasible
ones do where `--retry-failed` asks for it; what other trials start from is in `stages/`, in files
of its own. The best step's weights (`adapter/`, `model/`) are no part of a checkpoint and stay.
"""

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sweeps.run_folder.atomic import is_draft_or_step, write_bytes
from sweeps.run_folder.entry import State
from sweeps.run_folder.ledger import OPTIMIZER, Ledger, read_json
from sweeps.spec.sections import KeepCheckpoints
from trainables.context import Report
from trainables.staged.shared import is_hand_over

FINISHED: tuple[State, ...] = ("complete", "stopped")  # nothing ever goes on from these
LINES = 2000  # bytes of JSON that come with a report: metrics, state, a share of the record
MEASURED_SECONDS = (
    30.0  # how long a count of the folder's bytes is believed, others write there too
)


def _removed() -> bytes:
    """A safetensors file without tensors that says why; no checkpoint with it counts as whole."""
    head = json.dumps({"__metadata__": {"removed": "the trial has ended"}}).encode()
    return len(head).to_bytes(8, "little") + head


REMOVED = _removed()


def settle(folder: Path, state: State, keep: KeepCheckpoints) -> None:
    """Remove what is not kept of the checkpoint of a trial that has ended; `folder` is the trial's.

    `newest`: the newest step's weights and state stay, its optimizer's state goes (two numbers for
    each trained). `none`: all of it goes. `all`: all of it stays. A second call does nothing.
    """
    if state in FINISHED:
        for step in steps_of(folder):
            KEEPS[keep](step)


def settle_ended(ledger: Ledger, keep: KeepCheckpoints) -> None:
    """The same for all trials that have ended: a driver may have died before it did so."""
    for entry in ledger.entries():
        if record := ledger.record(entry):
            settle(ledger.path(entry), record["state"], keep)


def _drop_moments(step: Path) -> None:
    file = step / OPTIMIZER
    done = file.is_file() and file.stat().st_size == len(REMOVED) and file.read_bytes() == REMOVED
    if file.is_file() and not done:
        file.unlink()  # first: on a full disk there is room for the other only then
        write_bytes(file, REMOVED)


def _remove(step: Path) -> None:
    shutil.rmtree(step, ignore_errors=True)


def _leave(step: Path) -> None:
    """Nothing goes."""


# value of `limits.keep_checkpoints` → what is done to a checkpoint that nothing goes on from
KEEPS: dict[KeepCheckpoints, Callable[[Path], None]] = {
    "newest": _drop_moments,
    "none": _remove,
    "all": _leave,
}


def steps_of(folder: Path) -> list[Path]:
    """A trial's checkpoints, half-written ones too."""
    return [path for path in folder.glob("checkpoint/*") if is_draft_or_step(path.name)]


def taken(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile counts as gone."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_symlink() or path.is_dir() else path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def largest_trial(folder: Path) -> int:
    """Bytes of the trial that takes most in a run folder; 0 where there is none."""
    return max(map(taken, folder.glob("trials/*")), default=0)


class OverLimitError(OSError):
    """`limits.disk_gb` does not allow what is to be written."""


class DiskLimit:
    """Keeps a run folder within `limits.disk_gb`: near it, the oldest finished trials' checkpoints
    go first, whatever `limits.keep_checkpoints` says; then nothing more is written."""

    def __init__(self, folder: Path, disk_gb: float | None) -> None:
        self._folder = folder
        self._limit = None if disk_gb is None else disk_gb * 1e9
        self._taken, self._measured = 0, -math.inf

    def make_room(self, needed: int) -> None:
        """Call before `needed` bytes are written. Raises OverLimitError."""
        if self._limit is None:
            return
        recent = time.monotonic() - self._measured < MEASURED_SECONDS
        if not recent or self._taken + needed > self._limit:
            self._measure()
        for step in self._dispensable():
            if self._taken + needed <= self._limit:
                break
            shutil.rmtree(step, ignore_errors=True)
            self._measure()
        if self._taken + needed > self._limit:
            raise OverLimitError(
                f"limits.disk_gb is {self._limit / 1e9:g}: {self._folder} takes "
                f"{self._taken / 1e9:.3f} GB, and the next checkpoint {needed / 1e9:.3f} GB more"
            )
        self._taken += needed

    def _measure(self) -> None:
        self._taken, self._measured = taken(self._folder), time.monotonic()

    def _dispensable(self) -> Iterator[Path]:
        """Checkpoints of finished trials, the one that ended first first."""
        records = self._folder.glob("trials/*/record.json")
        for record in sorted(records, key=lambda file: file.stat().st_mtime):
            content = read_json(record)
            if content and content["state"] in FINISHED:
                yield from steps_of(record.parent)


def written_bytes(report: Report) -> int:
    """What a report will take on the disk, about: weights, answers, and `LINES`."""
    answers = (value for row in report.predictions or () for value in row.values())
    found = LINES + sum(len(value) for value in answers if isinstance(value, str))
    found += len(report.adapter.weights) if report.adapter else 0
    if report.checkpoint:
        found += len(report.checkpoint.adapter) + len(report.checkpoint.optimizer)
        found += sum(len(frozen.weights) for frozen in report.checkpoint.frozen.values())
        if is_hand_over(report.checkpoint):
            found *= 2  # into `stages/` too
    return found
