"""Signs of life of the training in this process, for whoever watches that it does not hang.

A process trains one trial at a time, or one pack of trials in one thread: one heart is enough.
Every call of the base model beats (`models.load`), and so does every step; reports are far too
rare, since an evaluation of thousands of rows makes none.
"""

import time


class Heartbeat:
    """How often there was a sign of life, and the longest time between two."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another training begins, of whose pace nothing is known."""
        self.beats = 0
        self.longest = 0.0  # seconds
        self._last = time.monotonic()

    def beat(self) -> None:
        """A sign of life."""
        now = time.monotonic()
        if self.beats:
            self.longest = max(self.longest, now - self._last)
        self._last = now
        self.beats += 1

    def rested(self) -> None:
        """What passed until now was spent in waiting for others: it says nothing of the pace."""
        self._last = time.monotonic()


HEART = Heartbeat()  # of this process


def beat(*_: object) -> None:
    """A sign of life of this process's training; also as a hook, which gets a module and inputs."""
    HEART.beat()
