"""One tracker's queue and thread: whatever the tracker does, the driver goes on."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sweeps.tracking.tracker import Tracker

FAILURES_ALLOWED = 5  # then the tracker is left out for the rest of this run
MessageKind = Literal["sweep_started", "trial_started", "metrics", "trial_finished", "close"]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Event:
    """A call to a tracker: the method's name and its arguments."""

    kind: MessageKind
    values: tuple[Any, ...] = ()


class Lane:
    """Feeds one tracker from a bounded queue. `dropped` counts metrics lines that had no room."""

    def __init__(self, name: str, tracker: Tracker, maxsize: int, warn: Warn) -> None:
        self.name = name
        self.dropped = 0
        self.failures = 0
        self._tracker = tracker
        self._maxsize = maxsize
        self._warn = warn
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=f"tracker-{name}", daemon=True)
        self._thread.start()

    def send(self, event: Event) -> None:
        """Queue an event; when full, the oldest metrics line makes room (starts and ends stay)."""
        with self._changed:
            if len(self._waiting) >= self._maxsize:
                self._drop_oldest_metrics()
            self._waiting.append(event)
            self._changed.notify()

    def finish(self, seconds: float) -> bool:
        """Wait for the thread to end (after a `close` event), so long at most."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def abandon(self) -> None:
        """Give up on what still waits, and tell the tracker to let go."""
        with self._changed:
            self._waiting.clear()
        try:
            self._tracker.abandon()
        except Exception as problem:
            self._warn(f"{self.name}: {problem}")

    def _drop_oldest_metrics(self) -> None:
        for place, event in enumerate(self._waiting):
            if event.kind == "metrics":
                del self._waiting[place]
                self.dropped += 1
                return

    def _work(self) -> None:
        event = Event("sweep_started")
        while event.kind != "close":
            event = self._next()
            if self.failures < FAILURES_ALLOWED or event.kind == "close":
                self._deliver(event)

    def _next(self) -> Event:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting))
            return self._waiting.popleft()

    def _deliver(self, event: Event) -> None:
        try:
            getattr(self._tracker, event.kind)(*event.values)
        except Exception as problem:  # a tracker may raise anything; a sweep must not end by it
            self.failures += 1
            self._report(problem)

    def _report(self, problem: Exception) -> None:
        what = f"{type(problem).__name__}: {problem}"
        if self.failures == 1:
            self._warn(
                f"{self.name} tracking failed ({what}). The sweep goes on and its run folder holds "
                f"everything; set tracking.{self.name} to null to track without it"
            )
        elif self.failures == FAILURES_ALLOWED:
            self._warn(f"{self.name} tracking failed {self.failures} times and is now off")
