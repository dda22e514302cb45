"""How much disk the run folder takes, and `limits.disk_gb`, which it may not exceed."""

import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from sweeps.run_folder.plain_files import read_json
from sweeps.run_folder.retention import FINISHED, steps_of
from trainables.context import Report
from trainables.evaluation.row_results import row_count
from trainables.staged.shared import is_hand_over

NUMBER = 8  # bytes of a number in results row by row, and of an id about
NUMBER_AS_JSON = 30  # the same in a checkpoint's state
LINES = 2000  # bytes of JSON that come with a report: metrics, state, a share of the record


MEASURED_SECONDS = (
    30.0  # how long a count of the folder's bytes is believed, others write there too
)


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
                f"{self._taken / 1e9:.3g} GB, and the next checkpoint {needed / 1e9:.3g} GB more"
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


def written_bytes(report: Report) -> int:
    """What a report will take on the disk, about: weights, answers, results row by row, and
    `LINES`."""
    answers = (value for row in report.predictions or () for value in row.values())
    found = LINES + sum(len(value) for value in answers if isinstance(value, str))
    found += NUMBER * row_count(report.rows)
    found += len(report.adapter.weights) if report.adapter else 0
    if report.checkpoint:
        found += len(report.checkpoint.adapter) + len(report.checkpoint.optimizer)
        found += sum(len(frozen.weights) for frozen in report.checkpoint.frozen.values())
        found += NUMBER_AS_JSON * row_count(report.checkpoint.state.get("best_rows", ()))
        if is_hand_over(report.checkpoint):
            found *= 2  # into `stages/` too
    return found
