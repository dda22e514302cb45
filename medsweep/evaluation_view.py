"""An evaluation as it runs: bars on a terminal, plain lines elsewhere."""

import time
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from medsweep.terminal import Terminal

LINE_SECONDS = 10  # between two plain lines


class EvaluationView:
    """Shows progress while the evaluation runs, and its numbers afterwards."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Terminal()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=self.console)
        self._tasks: dict[str, TaskID] = {}
        self._told = 0.0

    def __enter__(self) -> "EvaluationView":
        if self.console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def say(self, line: str) -> None:
        """A line of text."""
        self.console.print(escape(line), soft_wrap=True)

    def progress(self, name: str, done: int, total: int) -> None:
        """`done` of a benchmark's `total` answers are there."""
        if self.console.is_terminal:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name)
            self._bars.update(self._tasks[name], completed=done, total=total)
        elif done == total or time.monotonic() - self._told > LINE_SECONDS:
            self._told = time.monotonic()
            self.say(f"{time.strftime('%H:%M:%S')} {name}: {done:,}/{total:,}")

    def show(self, found: dict[str, Any], output: Path) -> None:
        """The numbers with their 95% intervals, and where they are written."""
        from trainables.evaluation.benchmarks.results import ABOUT

        table = Table("benchmark", "measure", "value", "95% interval", "n", box=None)
        for name, measures in found.items():
            if name == ABOUT:
                continue
            for measure, m in measures.items():
                ends = m["interval"]
                interval = "" if ends is None else f"{ends[0]:.4f} – {ends[1]:.4f}"
                table.add_row(name, measure, f"{m['value']:.4f}", interval, f"{m['n']:,}")
        self.console.print(table)
        self.say(f"Results: {output}")
        self.say(f"Beside another's, question by question: medsweep compare OTHER.json {output}")
