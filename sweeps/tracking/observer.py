"""The trackers as an observer of the sweep."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.confirmation.again import is_run, run_of
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.weights import kept_weights
from sweeps.tracking.queue import TrackerQueue, make_trackers
from sweeps.tracking.tracker import SweepInfo, TrialInfo
from trainables.context import Report

if TYPE_CHECKING:
    from sweeps.control.sweep import Sweep


def tracking_observers(sweep: "Sweep", warn: Callable[[str], None]) -> list["TrackingObserver"]:
    """One observer where the spec asks for trackers, else none."""
    tracking = sweep.spec.tracking
    if tracking.wandb is None and not tracking.tensorboard:
        return []
    resolved = sweep.spec.model_dump(mode="json")
    info = SweepInfo(
        name=sweep.spec.name,
        folder=sweep.ledger.folder,
        spec=resolved,
        parameters=resolved["search"]["parameters"],
    )
    return [TrackingObserver(make_trackers(tracking, info, warn), sweep.ledger.folder)]


class TrackingObserver:
    """Passes trials on to the trackers; the untouched base model is not one of them."""

    def __init__(self, queue: TrackerQueue, folder: Path) -> None:
        self.queue, self.folder = queue, folder

    def started(self, entry: Entry) -> None:
        """As Observer."""
        if not entry.is_base:
            config = flattened(entry.config)
            of = run_of(entry.trial)[0] if is_run(entry.trial) else None
            known = (entry.trial, entry.label, entry.parameters, config)
            self.queue.trial_started(TrialInfo(*known, of))

    def reported(self, entry: Entry, report: Report) -> None:
        """As Observer."""
        if not entry.is_base and not report.final:
            self.queue.metrics(entry.trial, report.step, dict(report.metrics))

    def finished(self, entry: Entry, record: dict[str, Any]) -> None:
        """As Observer."""
        if not entry.is_base:
            weights = kept_weights(self.folder / entry.folder)
            self.queue.trial_finished(entry.trial, record, weights.parent if weights else None)

    def close(self) -> None:
        """As Observer."""
        self.queue.close()


def flattened(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested sections as dotted paths; lists stay values."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        path = f"{prefix}{key}"
        flat |= flattened(value, f"{path}.") if isinstance(value, dict) else {path: value}
    return flat
