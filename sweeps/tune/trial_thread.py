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

from sweeps.failures.hangs import LOOK, HangWatch, HungError, last_words
from sweeps.failures.raised import Failure, failure
from trainables.context import Report
from trainables.heartbeat import HEART
from trainables.kinds import TRAIN, trial_config
from trainables.saved import Checkpoint, TrialStopped

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared

STOP_SECONDS = 120  # a stopped trial is between two steps: it unwinds in well under this


class TrialThread:
    """Runs one trial; also its TrialContext. `watch` sees to it that it does not hang."""

    def __init__(
        self,
        kind: str,
        config: dict[str, Any],
        prepared: "Prepared",
        checkpoint: Checkpoint | None,
        watch: HangWatch | None = None,
    ) -> None:
        self.prepared, self.checkpoint = prepared, checkpoint
        self.hangs = False
        self._watch = watch or HangWatch(None)
        self._step = checkpoint.step if checkpoint else 0  # reported last
        self._results: queue.Queue[Report | Failure] = queue.Queue()
        self._sent = self._asked = 0  # reports that the trial has handed over, and that were wanted
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(kind, config), daemon=True)

    def next(self) -> Report | Failure:
        """The trial's next report; starts it, or lets it go on. One that hangs has died, and with
        it the process, in which its thread goes on."""
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
        if self._thread.ident is None:
            HEART.restart()
            self._thread.start()
        self._watch.begin()
        try:
            return self._next()
        finally:
            self._watch.end()

    def _next(self) -> Report | Failure:
        while True:
            try:
                return self._results.get(timeout=LOOK)
            except queue.Empty:
                if self._watch.look():
                    self.hangs = True
                    message = last_words(self._watch.silence, self._step, self._thread.ident)
                    return failure(HungError(message))

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
        self._sent, self._step = self._sent + 1, report.step
        self._results.put(report)
        if report.checkpoint is not None or report.rung is not None:
            with self._changed:
                self._changed.wait_for(lambda: self._asked > self._sent or self._stopped.is_set())
            HEART.rested()
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
