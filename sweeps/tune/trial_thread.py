"""A trial in a thread of its own, handing over one report at a time.

Training code is a loop that calls `report`; Ray Tune is a loop that asks for results. The two meet
here: a report with a checkpoint or at a rung returns when the next result is asked for: the ledger
has it then, and a stopped trial does no more work. Lines of training loss in between do not wait.
"""

import queue
import threading
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sweeps.failures.raised import Failure, failure
from trainables.context import Report
from trainables.kinds import TRAIN, trial_config
from trainables.saved import Checkpoint, TrialStopped

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared

STOP_SECONDS = 120  # a stopped trial is between two steps: it unwinds in well under this


class TrialThread:
    """Runs one trial; also its TrialContext."""

    def __init__(
        self,
        kind: str,
        config: dict[str, Any],
        prepared: "Prepared",
        checkpoint: Checkpoint | None,
    ) -> None:
        self.prepared, self.checkpoint = prepared, checkpoint
        self._results: queue.Queue[Report | Failure] = queue.Queue()
        self._sent = self._asked = 0  # reports that the trial has handed over, and that were wanted
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(kind, config), daemon=True)

    def next(self) -> Report | Failure:
        """The trial's next report; starts it, or lets it go on."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
        if self._thread.ident is None:
            self._thread.start()
        return self._results.get()

    def stop(self) -> bool:
        """End the trial at the report where it waits; False if it does not end."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(STOP_SECONDS)
        return not self._thread.is_alive()

    def report(self, report: Report) -> None:
        """As TrialContext."""
        self._sent += 1
        self._results.put(report)
        if report.checkpoint is not None or report.rung is not None:
            with self._changed:
                self._changed.wait_for(lambda: self._asked > self._sent or self._stopped.is_set())
        if self._stopped.is_set():
            raise TrialStopped

    def _run(self, kind: str, config: dict[str, Any]) -> None:
        try:
            from trainables.data.prepared import own_rows

            trial = trial_config(config)
            self.prepared = own_rows(self.prepared, trial)
            trainer(kind)(trial, self)
            # read only where no final report came before it; else `next` would wait for ever
            self._results.put(Failure("the trial ended without its final report", "", False))
        except BaseException as error:  # of a stopped trial nobody reads it
            self._results.put(failure(error))


def trainer(kind: str) -> Callable[[Any, Any], None]:
    """The function that runs a kind of trial."""
    module, name = TRAIN[kind].split(":")
    train: Callable[[Any, Any], None] = getattr(import_module(module), name)
    return train
