"""What a tracker is told. The run folder's own JSONL is not a tracker: it is always written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class SweepInfo:
    """The sweep: its run folder, resolved spec, and `search.parameters` in W&B's raw syntax."""

    name: str
    folder: Path
    spec: dict[str, Any]
    parameters: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class TrialInfo:
    """A trial: `trial_id` is "EXP-001"; `parameters` and `config` are dotted path → value. `of` is
    the trial that this run ("EXP-001/seeds/2") is again, with a new seed; None: of the search."""

    trial_id: str
    label: str | None
    parameters: dict[str, Any]
    config: dict[str, Any]
    of: str | None = None


class Tracker(Protocol):
    """Shows a sweep somewhere. Called from one thread, in order; it may raise and it may be slow.

    A resumed sweep begins again with `sweep_started`; its unfinished trials with `trial_started`.
    """

    def sweep_started(self, run: SweepInfo) -> None:
        """Once, before everything else."""

    def trial_started(self, trial: TrialInfo) -> None:
        """A trial begins, or goes on after a resume."""

    def metrics(self, trial_id: str, step: int, values: dict[str, Any]) -> None:
        """One line of the trial's metrics.jsonl."""

    def trial_finished(self, trial_id: str, record: dict[str, Any], adapter: Path | None) -> None:
        """The trial's record.json, and where its adapter lies if it has one."""

    def close(self) -> None:
        """The driver ends; trials that have not finished may go on after a resume."""

    def abandon(self) -> None:
        """Called from another thread when `close` takes too long: let go of everything at once."""
