"""The run folder: the only truth about a sweep. Written by the driver, and by nothing else.

Every file appears whole (`run_folder.atomic`), but for metrics.jsonl, whose half-written last line
a reader skips. `record.json` comes last: a trial without one is unfinished.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.run_folder.atomic import new_folder, write_bytes, write_json
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.plain_files import read_json, read_lines, write_lines
from sweeps.run_folder.weights import (
    kept_weights,
    read_checkpoint,
    write_adapter,
    write_checkpoint,
)
from trainables.context import Report
from trainables.evaluation.row_results import parquet_of
from trainables.rungs import RUNGS
from trainables.saved import Checkpoint, SavedAdapter

ROWS = "rows.parquet"


class Ledger:
    """Reads and writes one run folder.

    >>> ledger = Ledger(Path("runs/demo"))
    >>> first = ledger.entries()[0]
    >>> first.trial, ledger.record(first)["state"]
    ('EXP-001', 'complete')
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data: dict[str, Any] = {}  # counts found before the run folder exists

    # --- the sweep -----------------------------------------------------------------------------

    def create(self, spec_text: str, resolved: dict[str, Any], environment: dict[str, Any]) -> None:
        """Write the files of a new run; `spec.resolved.json` last: with it, the run exists."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self.folder / "spec.yaml", spec_text.encode())
        write_json(self.folder / "environment.json", environment)
        write_json(self.folder / "data.json", self._data)
        self.resolve(resolved)

    def resolve(self, resolved: dict[str, Any]) -> None:
        """Write the resolved spec (again, where a sweep is extended)."""
        write_json(self.folder / "spec.resolved.json", resolved)

    def note_data(self, key: str, report: dict[str, Any]) -> None:
        """Add a data set's counts to data.json."""
        path = self.folder / "data.json"
        self._data = {**(read_json(path) or {}), **self._data, key: report}
        if path.exists():
            write_json(path, self._data)

    # --- one trial -----------------------------------------------------------------------------

    def path(self, entry: Entry, name: str = "") -> Path:
        """A file of a trial."""
        return self.folder / entry.folder / name

    def open(self, entry: Entry) -> None:
        """Write a suggestion down before it starts, so that it is never suggested twice."""
        write_json(self.path(entry, "config.json"), entry.to_json())

    def apply(self, entry: Entry, report: Report) -> None:
        """Keep what a report brings, the checkpoint last: it stands for all that came before."""
        if not report.final and report.metrics:
            self._append(entry, report)
        if report.adapter:
            write_adapter(self.path(entry), report.adapter)
        if report.checkpoint:
            self._save(entry, report.checkpoint)
        if report.predictions is not None:
            write_lines(self.path(entry, "predictions.jsonl"), report.predictions)
        if report.rows:
            write_bytes(self.path(entry, ROWS), parquet_of(report.rows))

    def close(self, entry: Entry, record: dict[str, Any]) -> None:
        """Write a trial's end."""
        write_json(self.path(entry, "record.json"), record)

    def reopen(self, entry: Entry) -> None:
        """Set a failed trial's record aside, so that it is run again."""
        path = self.path(entry, "record.json")
        earlier = len(list(path.parent.glob("record.failed-*.json")))
        path.replace(path.with_name(f"record.failed-{earlier + 1}.json"))

    def begin(
        self,
        entry: Entry,
        checkpoint: Checkpoint,
        lines: Sequence[Mapping[str, Any]],
        adapter: SavedAdapter | None,
    ) -> None:
        """Give a trial what another one did, as if it were its own; the checkpoint last."""
        write_lines(self.path(entry, "metrics.jsonl"), lines)
        if adapter:
            write_adapter(self.path(entry), adapter)
        self._save(entry, checkpoint)

    # --- reading -------------------------------------------------------------------------------

    def entries(self, again: bool = False) -> list[Entry]:
        """All base models and trials ever suggested, in order; `again`: what was trained again."""
        folders = ["trials/*/seeds/*"] if again else ["base/*", "trials/*"]
        files = [file for name in folders for file in self.folder.glob(f"{name}/config.json")]
        entries = [Entry(**content) for file in files if (content := read_json(file))]
        return sorted(entries, key=lambda e: (e.number, e.trial))

    def record(self, entry: Entry) -> dict[str, Any] | None:
        """A finished trial's record, else None."""
        return read_json(self.path(entry, "record.json"))

    def metrics(self, entry: Entry) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl, but for those that are damaged."""
        lines = read_lines(self.path(entry, "metrics.jsonl"))
        return [line for line in lines if _is_whole(line)]

    def rungs(self, entry: Entry, metric: str) -> list[tuple[float, float]]:
        """Each rung that a trial came to where it measured `metric`, and the value."""
        lines = self.metrics(entry)
        return [(x["rung"], x[metric]) for x in lines if "rung" in x and metric in x]

    def checkpoint(self, entry: Entry) -> Checkpoint | None:
        """The newest intact checkpoint, with the best adapter so far."""
        folders = sorted(self.path(entry, "checkpoint").glob("step-*"), reverse=True)
        for folder in folders:
            if checkpoint := read_checkpoint(folder):
                weights = kept_weights(self.path(entry))
                return replace(checkpoint, best_adapter=weights.read_bytes() if weights else None)
        return None

    def cut_back(self, entry: Entry, step: int) -> None:
        """Drop the lines of metrics.jsonl after `step`: they will be measured again."""
        kept = [line for line in self.metrics(entry) if line["step"] <= step]
        write_lines(self.path(entry, "metrics.jsonl"), kept)

    # --- within --------------------------------------------------------------------------------

    def _append(self, entry: Entry, report: Report) -> None:
        line = {
            "step": report.step,
            "planned_steps": report.planned_steps,
            "progress": report.progress,
            "seconds": round(report.seconds, 3),
            **({"rung": report.rung} if report.rung is not None else {}),
            **report.metrics,
        }
        with self.path(entry, "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, allow_nan=False) + "\n")
            if report.checkpoint:  # a checkpoint on the disk stands for the lines before it
                stream.flush()
                os.fsync(stream.fileno())

    def _save(self, entry: Entry, checkpoint: Checkpoint) -> None:
        with new_folder(self.path(entry, "checkpoint"), f"step-{checkpoint.step:08d}") as draft:
            write_checkpoint(draft, checkpoint)


def _is_whole(line: Mapping[str, Any]) -> bool:
    return isinstance(line.get("step"), int) and line.get("rung") in (None, *RUNGS)
