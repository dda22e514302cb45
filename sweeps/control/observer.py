"""Those who watch a sweep: the terminal, the trackers. None of them can stop or slow it."""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

from sweeps.run_folder.entry import Entry
from trainables.context import Report

log = logging.getLogger(__name__)


class Observer(Protocol):
    """Called in the driver, in order; what it raises is logged and forgotten."""

    def started(self, entry: Entry) -> None:
        """A trial was handed to a worker (again, after a resume)."""

    def reported(self, entry: Entry, report: Report) -> None:
        """A report arrived and is in the ledger."""

    def finished(self, entry: Entry, record: dict[str, Any]) -> None:
        """A trial ended; its record is in the ledger."""

    def close(self) -> None:
        """The sweep is over or interrupted; must return within seconds."""


class Observers:
    """All observers as one; a raising one is silenced after its first error."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = list(observers)

    def add(self, observer: Observer) -> None:
        """Tell this one too, from now on."""
        self._observers.append(observer)

    def close(self) -> None:
        """Close all."""
        self.tell("close")

    def tell(self, event: str, *values: Any) -> None:
        """Call the method `event` of every observer."""
        for observer in list(self._observers):
            try:
                getattr(observer, event)(*values)
            except Exception:
                log.exception("%s failed and is ignored from now on", type(observer).__name__)
                self._observers.remove(observer)
