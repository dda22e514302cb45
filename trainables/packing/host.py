"""A pack in a thread of its own, which other threads feed: they open trials, ask for their next
reports, and stop them."""

import queue
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.context import Report
from trainables.data.prepared import own_rows
from trainables.heartbeat import HEART
from trainables.kinds import TrialConfig
from trainables.saved import Checkpoint, TrialStopped

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared
    from trainables.packing.pack import Pack

AHEAD = 4  # reports that a trial may have waiting before it pauses
STOP_SECONDS = 120
HostMessage = Report | BaseException


class Arrival(NamedTuple):
    """A trial to be run: packed where `run` is None, else by that function, alone."""

    name: str
    config: TrialConfig
    run: Callable[[Any, Any], None] | None


class HostedTrial:
    """A trial's TrialContext in the pack's thread, and its other end."""

    def __init__(self, prepared: "Prepared", checkpoint: Checkpoint | None) -> None:
        self.prepared, self.checkpoint = prepared, checkpoint
        self.outcomes: queue.Queue[HostMessage] = queue.Queue()
        self.stopped, self.gone = threading.Event(), threading.Event()
        self.step = checkpoint.step if checkpoint else 0  # reported last

    def report(self, report: Report) -> None:
        """As TrialContext; never waits."""
        if self.stopped.is_set():
            raise TrialStopped
        self.step = report.step
        self.outcomes.put(report)

    def end(self, error: BaseException | None) -> None:
        """Note that no report follows."""
        if error is not None:
            self.outcomes.put(error)
        self.gone.set()


class PackHost:
    """One base model's pack; `capacity` trials at most train at once, the others wait."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.pack: Pack | None = None
        self.busy = False  # whether the thread is at work, not waiting for some
        self._beginning: str | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._arrivals: deque[Arrival] = deque()
        self._hosted: dict[str, HostedTrial] = {}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def open(
        self,
        name: str,
        config: TrialConfig,
        prepared: "Prepared",
        checkpoint: Checkpoint | None = None,
        run: Callable[[Any, Any], None] | None = None,
    ) -> None:
        """Take a trial on; it joins the pack between two steps, in place of an earlier one of its
        name, whose reader is gone."""
        if name in self._hosted:
            self.stop(name)
        with self._changed:
            self._hosted[name] = HostedTrial(own_rows(prepared, config), checkpoint)
            self._arrivals.append(Arrival(name, config, run))
            self._changed.notify_all()

    def next(self, name: str) -> Report:
        """The trial's next report; waits for it. Raises what the trial raised."""
        outcome = self._hosted[name].outcomes.get()
        with self._changed:
            self._changed.notify_all()  # a paused trial may go on
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def stop(self, name: str) -> bool:
        """End a trial, if it has not; False where it does not end in time. One that is not here
        (it was in a process that died) has ended."""
        hosted = self._hosted.get(name)
        if hosted is None:
            return True
        with self._changed:
            hosted.stopped.set()
            self._changed.notify_all()
        done = hosted.gone.wait(STOP_SECONDS)
        if done:
            self._hosted.pop(name, None)
        return done

    def close(self) -> None:
        """End all trials and the thread, and give the base model back."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(STOP_SECONDS)

    # --- where the pack's thread hangs ------------------------------------------------------------

    @property
    def thread(self) -> int | None:
        """The identifier of the pack's thread."""
        return self._thread.ident

    @property
    def working_for(self) -> str | None:
        """The trial that is worked for alone just now; None where several share a call."""
        return self._beginning or (self.pack.current if self.pack else None)

    def give_up(self, error_of: Callable[[str, int], BaseException]) -> None:
        """End every trial with an error, from its name and the step it reported last. The thread
        itself cannot be ended, and nothing more is to be asked of this host."""
        for name, hosted in list(self._hosted.items()):
            hosted.end(error_of(name, hosted.step))

    @property
    def all_told(self) -> bool:
        """Whether no trial has a report or an error that was not asked for yet."""
        return all(hosted.outcomes.empty() for hosted in list(self._hosted.values()))

    # --- in the pack's thread --------------------------------------------------------------------

    def _serve(self) -> None:
        while not self._closed:
            with self._changed:
                self.busy = False
                self._changed.wait_for(self._has_work)
                self.busy = True
            HEART.rested()
            self._drop_stopped()
            while (arrival := self._admitted()) is not None:
                self._begin(arrival)
            paused = self._paused()
            if self.pack and set(self.pack.trials) - paused:
                self._step(self.pack, paused)
        for hosted in self._hosted.values():
            hosted.end(TrialStopped())
        if self.pack:
            self.pack.close()
        self.busy = False

    def _has_work(self) -> bool:
        running = set(self.pack.trials) if self.pack else set()
        leaving = any(h.stopped.is_set() and not h.gone.is_set() for h in self._hosted.values())
        joining = bool(self._arrivals) and len(running) < self.capacity
        return self._closed or leaving or joining or bool(running - self._paused())

    def _paused(self) -> set[str]:
        return {n for n, hosted in list(self._hosted.items()) if hosted.outcomes.qsize() >= AHEAD}

    def _drop_stopped(self) -> None:
        stopped = {n for n, h in list(self._hosted.items()) if h.stopped.is_set()}
        with self._changed:
            self._arrivals = deque(a for a in self._arrivals if a.name not in stopped)
        for name in stopped:
            if self.pack:
                self.pack.leave(name)
            self._hosted[name].end(None)

    def _admitted(self) -> Arrival | None:
        """The first that waits, where there is room and the pack has its base model, or none."""
        with self._changed:
            if not self._arrivals:
                return None
            if self.pack and self.pack.trials:
                full = len(self.pack.trials) >= self.capacity
                if full or self.pack.model != self._arrivals[0].config.model:
                    return None
            return self._arrivals.popleft()

    def _begin(self, arrival: Arrival) -> None:
        hosted = self._hosted[arrival.name]
        self._beginning = arrival.name
        try:
            if arrival.run is not None:
                arrival.run(arrival.config, hosted)
                hosted.end(None)
            else:
                self._pack_for(arrival.config).join(arrival.name, arrival.config, hosted)
        except BaseException as error:
            hosted.end(error)
        finally:
            self._beginning = None

    def _pack_for(self, config: TrialConfig) -> "Pack":
        from trainables.models.load import device_now, load_base
        from trainables.packing.pack import Pack

        if self.pack is None or self.pack.model != config.model:
            if self.pack is not None:
                self.pack.close()
                self.pack = None  # before the next base is loaded
            HEART.restart()
            self.pack = Pack(load_base(config.model, device_now()), config.model)
        return self.pack

    def _step(self, pack: "Pack", paused: set[str]) -> None:
        try:
            ended: list[tuple[str, BaseException | None]] = [*pack.step(paused)]
        except BaseException as error:  # of the pack itself: none of its trials can go on
            ended = [(name, error) for name in pack.trials]
            pack.close()
        for name, outcome in ended:
            self._hosted[name].end(outcome)
