"""A sweep as it runs: a live table on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from analysis.wording import cell_text, column_names, parameter_text, plural, stage_names
from medsweep.fitted_table import FittedTable
from medsweep.tables import STYLES, in_short
from medsweep.terminal import Terminal
from sweeps.run_folder.error_log import at_length
from sweeps.spec.sections import SweepSpec

if TYPE_CHECKING:
    from cluster.placement import Placement
    from sweeps.control.observer import Observer
    from sweeps.control.sweep import Sweep
    from sweeps.run_folder.entry import Entry
    from trainables.context import Report

SHOWN_TRIALS = 20
LOSS = "val_loss"
LINE = 400  # characters of an error in a line of its own
NOTED = 4  # characters of the frame, and of the column of notes where it is empty


@dataclass
class TrialRow:
    """A trial in the table."""

    entry: "Entry"
    state: str = "running"
    step: int = 0
    planned: int = 0
    value: float | None = None
    metric: str = ""  # whose value it is
    note: str = ""
    stage: str = ""  # that the value is of

    @property
    def name(self) -> str:
        """EXP-003, with the baseline's label where it has one; the base model by that name."""
        if self.entry.is_base:
            return "base model"
        return f"{self.entry.trial} {self.entry.label or ''}".rstrip()


class SweepView:
    """Shows a sweep; an Observer of it."""

    def __init__(self, spec: SweepSpec, folder: Path, console: Console | None = None) -> None:
        self.spec, self.folder = spec, folder
        goal = spec.search.objectives[0]
        self.metric, self.better = goal.metric, max if goal.mode == "max" else min
        self.console = console or Terminal()
        self.stages = stage_names(spec.trial.model_dump())
        self.rows: dict[str, TrialRow] = {}
        self.placement: Placement | None = None
        self.planned, self.unit = spec.search.trainings, "trial"
        self.began = time.monotonic()
        self.finished_here = 0
        self.done_before = 0
        self._live: Live | None = None

    # --- the sweep's side ----------------------------------------------------------------------

    def say(self, line: str) -> None:
        """A line of text, above the table."""
        self.console.print(escape(line), soft_wrap=True)

    def watch(self, sweep: "Sweep", placement: "Placement") -> Sequence["Observer"]:
        """The observers of a sweep that is about to start: this view and the trackers."""
        from medsweep.keeper import Keeper
        from sweeps.tracking.observer import tracking_observers

        self.placement = placement
        self.began = time.monotonic()
        trials = (e for e in sweep.ledger.entries(sweep.again) if not e.is_base)
        self.done_before = sum(sweep.ledger.record(entry) is not None for entry in trials)
        self.finished_here = 0
        self.planned, self.unit = sweep.planned, "run" if sweep.again else "trial"
        counted = plural(self.planned, self.unit)
        self.say(f"{self.folder}: {counted}; {placement.description}")
        if self.console.is_terminal:
            self._live = Live(
                console=self.console, get_renderable=self._picture, refresh_per_second=4
            )
            self._live.start()
        return [self, Keeper(self.folder), *tracking_observers(sweep, self.say)]

    def started(self, entry: "Entry") -> None:
        """As Observer."""
        self.rows[entry.trial] = TrialRow(entry)
        self._line(entry, f"started  {_parameters(entry, self.stages)}")

    def reported(self, entry: "Entry", report: "Report") -> None:
        """As Observer."""
        row = self.rows[entry.trial]
        row.step, row.planned = report.step, report.planned_steps
        metric = self._shown(report.metrics)
        if metric is None:
            return
        value, stage = report.metrics[metric], report.facts.get("stage", "")
        alike = (metric, stage) == (row.metric, row.stage)  # another stage's is of other rows
        better = self.better if metric == self.metric else min
        row.value = better(row.value, value) if alike and row.value is not None else value
        row.metric, row.stage = metric, stage
        if not report.final:
            where = f"{stage and f'{stage}: '}step {report.step}/{report.planned_steps}"
            self._line(entry, f"{where}  {metric} {value:.4f}")

    def finished(self, entry: "Entry", record: dict[str, Any]) -> None:
        """As Observer."""
        row = self.rows.setdefault(entry.trial, TrialRow(entry))
        row.state = record["state"]
        if (metric := self._shown(record["metrics"])) is not None:
            row.metric, row.value = metric, record["metrics"][metric]
        row.note = in_short(record["error"] or "", LINE)
        self.finished_here += not entry.is_base
        told = "" if row.value is None else f"  {row.metric} {row.value:.4f}{_counted(record)}"
        self._line(entry, f"{row.state}{told}{'  ' if row.note else ''}{row.note}{self._eta()}")
        if row.note and (more := at_length(self.folder / entry.folder)):
            self.say(f"{row.name}: {row.state}{more}")

    def close(self) -> None:
        """As Observer."""
        self.stop()

    def stop(self) -> None:
        """End the live table, leaving its last picture."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    # --- the terminal's side -------------------------------------------------------------------

    def _shown(self, metrics: Mapping[str, float]) -> str | None:
        """What is sought, or where that is not measured (in another stage, before the end) the
        loss; None where neither is."""
        return next((name for name in (self.metric, LOSS) if name in metrics), None)

    def _line(self, entry: "Entry", text: str) -> None:
        if self._live is None:
            clock = time.strftime("%H:%M:%S")
            self.say(f"{clock} {self.rows[entry.trial].name}: {text}")

    def _picture(self) -> Group:
        paths = list(self.spec.search.parameters)
        rows = list(self.rows.values())[-SHOWN_TRIALS:]
        wide = FittedTable(self._heads(paths), [self._cells(row, paths) for row in rows])
        hidden = [] if wide.fits(self.console.width - len(wide.heads) - NOTED) else paths
        if hidden:  # `medsweep status`, and the table at the end, have them
            paths = []
        table = Table(*self._heads(paths), "", header_style="bold")
        for row in rows:
            table.add_row(*self._cells(row, paths), escape(in_short(row.note, 50)))
        more = [Text(f"{plural(len(hidden), 'parameter')} not shown here")] if hidden else []
        return Group(table, *more, Text(self._summary()))

    def _heads(self, paths: list[str]) -> tuple[str, ...]:
        return ("trial", "state", "step", *column_names(paths, self.stages), self.metric)

    def _cells(self, row: TrialRow, paths: list[str]) -> tuple[str, ...]:
        cells = (escape(cell_text(p, row.entry.parameters.get(p, ""))) for p in paths)
        step = f"{row.step}/{row.planned}" if row.planned else ""
        value = "" if row.value is None else f"{row.value:.4f}"
        value = value if row.metric in ("", self.metric) else f"{row.metric} {value}"
        state = f"[{STYLES.get(row.state, 'cyan')}]{row.state}[/]"
        return (escape(row.name), state, step, *cells, value)

    def _summary(self) -> str:
        total = self.planned
        done = self.done_before + self.finished_here
        best = self._best()
        leading = f", best {self.metric} {best.value:.4f} ({best.name})" if best else ""
        elapsed = time.monotonic() - self.began
        counted = f"{done}/{plural(total, self.unit)}"
        return f"{counted}{leading}, {_clock(elapsed)} so far{self._eta()}"

    def _best(self) -> TrialRow | None:
        done = [r for r in self.rows.values() if r.state == "complete" and not r.entry.is_base]
        measured = [r for r in done if r.value is not None and r.metric == self.metric]
        return self.better(measured, key=lambda r: r.value or 0, default=None)

    def _eta(self) -> str:
        left = self.planned - self.done_before - self.finished_here
        if not self.finished_here or left <= 0:
            return ""
        each = (time.monotonic() - self.began) / self.finished_here
        return f", about {_clock(each * left)} to go"


def _counted(record: dict[str, Any]) -> str:
    """Of a trained trial: which of its steps its numbers are of."""
    step, steps = record.get("best_step"), record.get("steps")
    if not step or not steps:
        return ""
    by = record.get("step_metric")
    return f", of step {step}/{steps}, {f'the best by {by}' if by else 'which counts'}"


def _parameters(entry: "Entry", stages: Sequence[str]) -> str:
    names = column_names(list(entry.parameters), stages)
    pairs = zip(names, entry.parameters.items(), strict=True)
    return "  ".join(f"{name}={parameter_text(path, value)}" for name, (path, value) in pairs)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
