"""How the runs of a confirmation ended, as the run folder has it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeps.confirmation.again import run_of
from sweeps.confirmation.asked import Asked
from sweeps.confirmation.course import Course, Judge, Run, course
from sweeps.run_folder.ledger import Ledger
from sweeps.samplers.failures import outcome


@dataclass
class Results:
    """The runs that have ended: their values, which `failed` for what their configuration is, and
    which are `lost` (a dead worker), so that they say nothing of their trial."""

    values: dict[Run, float | None] = field(default_factory=dict)  # None: failed, lost, no metric
    failed: set[Run] = field(default_factory=set)
    lost: set[Run] = field(default_factory=set)

    def take(self, run: Run, record: Mapping[str, Any], metric: str | None) -> None:
        """Keep how a run ended."""
        how = outcome(dict(record))
        value = record["metrics"].get(metric) if how == "complete" else None
        self.values[run] = value if isinstance(value, int | float) else None
        if how == "lost":
            self.lost.add(run)
        elif how != "complete":
            self.failed.add(run)

    def course(self, asked: Asked, judge: Judge) -> Course:
        """Where the confirmation stands with them."""
        return course(asked, self.values, self.lost, judge)


def results_of(ledger: Ledger, asked: Asked) -> Results:
    """What a run folder holds of a confirmation."""
    found = Results()
    for entry in ledger.entries(again=True):
        run, record = run_of(entry.trial), ledger.record(entry)
        if record and run[0] in asked.names:
            found.take(run, record, asked.metric)
    return found
