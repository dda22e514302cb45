"""SIGTERM and SIGUSR1 come before a machine is taken away: running trials write checkpoints first,
within `limits.grace_seconds`, and then the sweep ends as at Ctrl-C."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sweeps.control.sweep import Sweep
from sweeps.launch.stop_signal import before_the_end
from sweeps.run_folder.entry import Entry
from sweeps.tune.pulse import ask_to_save
from trainables.context import Report

LOOK = 0.2  # seconds between two looks


class Saving:
    """Asks the trials of a sweep for checkpoints, and waits for them, as one of its observers."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self.asked, self._over = False, threading.Event()
        self._saved: set[str] = set()  # trials, since it was asked

    def start(self) -> None:
        """From a signal's handler: in a thread, since the main one takes the reports meanwhile."""
        self.asked = True
        self._sweep.interrupted.set()  # nothing new begins
        threading.Thread(target=self._save, daemon=True).start()

    def _save(self) -> None:
        seconds = self._sweep.spec.limits.grace_seconds
        self._sweep.say(f"asked to end: running trials write checkpoints, {seconds:g} s at most")
        deadline = time.monotonic() + seconds
        with suppress(Exception):  # of a Ray that is gone; the sweep ends all the same
            ask_to_save()
        while time.monotonic() < deadline and not self.all_saved:
            if self._over.wait(LOOK):
                return
        os.kill(os.getpid(), signal.SIGTERM)  # the second one ends

    @property
    def all_saved(self) -> bool:
        """Whether every running trial has written one; a base model has none."""
        running = [r.task.entry for r in list(self._sweep.running.values())]
        return all(entry.is_base or entry.trial in self._saved for entry in running)

    def started(self, entry: Entry) -> None:
        """As Observer."""

    def reported(self, entry: Entry, report: Report) -> None:
        """As Observer."""
        if self.asked and report.checkpoint is not None:
            self._saved.add(entry.trial)

    def finished(self, entry: Entry, record: dict[str, Any]) -> None:
        """As Observer."""

    def close(self) -> None:
        """As Observer; nothing is waited for any more."""
        self._over.set()


@contextmanager
def saving(sweep: Sweep) -> Iterator[None]:
    """Within, the first such signal asks for checkpoints; a second one ends at once."""
    if not sweep.spec.limits.grace_seconds:
        yield
        return
    saving = Saving(sweep)
    sweep.observers.add(saving)
    try:
        with before_the_end(saving.start):
            yield
    finally:
        saving.close()
    if saving.asked:  # all that ran came to its end meanwhile
        raise KeyboardInterrupt
