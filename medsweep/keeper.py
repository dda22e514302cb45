"""Keeps trials.csv fresh while a sweep runs."""

from pathlib import Path
from typing import Any

from sweeps.run_folder.entry import Entry
from trainables.context import Report


class Keeper:
    """An Observer that rewrites trials.csv at the end of every trial."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def started(self, entry: Entry) -> None:
        """Nothing to keep yet."""

    def reported(self, entry: Entry, report: Report) -> None:
        """metrics.jsonl has it."""

    def finished(self, entry: Entry, record: dict[str, Any]) -> None:
        """As Observer."""
        from analysis.runs import load_run
        from analysis.tables import write_trials_csv

        write_trials_csv(load_run(self.folder))

    def close(self) -> None:
        """Nothing is open."""
