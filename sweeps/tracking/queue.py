"""All trackers of a sweep behind one door that never blocks, never raises and always closes."""

import logging
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from sweeps.spec.sections import TrackingConfig
from sweeps.tracking.lane import Event, Lane, Warn
from sweeps.tracking.tracker import SweepInfo, Tracker, TrialInfo

MAXSIZE = 10_000
CLOSE_SECONDS = 60.0
log = logging.getLogger(__name__)

# a field of the `tracking` section → the function that makes its tracker of (config, warn)
TRACKERS: dict[str, str] = {
    "wandb": "sweeps.tracking.wandb:make",
    "tensorboard": "sweeps.tracking.tensorboard:make",
}


class TrackerQueue:
    """Hands each event to every tracker, in a queue and thread of its own each."""

    def __init__(
        self, trackers: Mapping[str, Tracker], maxsize: int = MAXSIZE, warn: Warn = log.warning
    ) -> None:
        self._warn = warn
        self._lanes = [Lane(name, tracker, maxsize, warn) for name, tracker in trackers.items()]
        self._closed = False

    @property
    def dropped(self) -> int:
        """Metrics lines that some tracker never saw because it was too slow."""
        return sum(lane.dropped for lane in self._lanes)

    def send(self, event: Event) -> None:
        """Queue an event for every tracker. Never waits for one; after `close` it does nothing."""
        if not self._closed:
            for lane in self._lanes:
                lane.send(event)

    def sweep_started(self, run: SweepInfo) -> None:
        """See `Tracker`."""
        self.send(Event("sweep_started", (run,)))

    def trial_started(self, trial: TrialInfo) -> None:
        """See `Tracker`."""
        self.send(Event("trial_started", (trial,)))

    def metrics(self, trial_id: str, step: int, values: dict[str, Any]) -> None:
        """See `Tracker`; the values are copied."""
        self.send(Event("metrics", (trial_id, step, dict(values))))

    def trial_finished(self, trial_id: str, record: dict[str, Any], adapter: Path | None) -> None:
        """See `Tracker`."""
        self.send(Event("trial_finished", (trial_id, record, adapter)))

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Let the trackers finish, `timeout` seconds together at most; then let go of them."""
        if self._closed:
            return
        self.send(Event("close"))
        self._closed = True
        deadline = time.monotonic() + timeout
        for lane in self._lanes:
            if not lane.finish(deadline - time.monotonic()):
                self._give_up(lane, timeout)
            if lane.dropped:
                self._warn(f"{lane.name} was too slow for {lane.dropped} lines of metrics")

    def _give_up(self, lane: Lane, timeout: float) -> None:
        self._warn(
            f"{lane.name} tracking did not finish within {timeout:.0f} s and was left; the run "
            "folder holds everything"
        )
        lane.abandon()


def make_trackers(
    tracking: TrackingConfig, run: SweepInfo, warn: Warn = log.warning
) -> TrackerQueue:
    """The trackers that the spec asks for, started; a queue without any where it asks for none."""
    made: dict[str, Tracker] = {}
    for name, factory in TRACKERS.items():
        wanted = getattr(tracking, name)
        if wanted and getattr(wanted, "mode", None) != "disabled":
            module, _, function = factory.partition(":")
            made[name] = cast(Tracker, getattr(import_module(module), function)(wanted, warn))
    queue = TrackerQueue(made, warn=warn)
    queue.sweep_started(run)
    return queue
