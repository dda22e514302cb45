"""A trial that makes no progress has died without saying so: its process is thrown away.

A thread stuck in native code cannot be interrupted. Progress is any sign of life
(`trainables.heartbeat`): a call of the base model, a step, an evaluation. How long a silence may be
is `limits.hang_minutes`, or else follows from the trial's own pace.
"""

import faulthandler
import sys
import time
from pathlib import Path

from trainables.heartbeat import HEART, Heartbeat

LEAST = 600.0  # seconds, where the limit follows from the pace
PACE = 20  # times the longest silence so far
BEFORE_THE_FIRST = 6  # times as long, while a model is loaded and nothing is known of the pace
LOOK = 1.0  # seconds between two looks
STDERR = 2


def patience(heart: Heartbeat, hang_minutes: float | None) -> float:
    """Seconds of silence that are no hang: `hang_minutes`, or by the pace, at least ten minutes."""
    by_pace = max(LEAST, PACE * heart.longest)
    longest = by_pace if hang_minutes is None else 60 * hang_minutes
    return longest if heart.beats else BEFORE_THE_FIRST * longest


class HangWatch:
    """Counts the seconds of silence that a waiting loop sees pass: call `look` about every second.

    A look that comes late counts as one in time: the process, or the whole machine, was suspended
    or had no processor, and the training had none either.

    With `fatal` the process is also ended (exit code 1, all stacks on stderr) where Python itself
    stands still, because native code holds its lock and nobody can look.
    """

    def __init__(self, hang_minutes: float | None, fatal: bool = False) -> None:
        self._minutes, self._fatal = hang_minutes, fatal
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self.silence = 0.0
        self._beats, self._looked = HEART.beats, time.monotonic()

    def look(self) -> bool:
        """Whether the training hangs."""
        now = time.monotonic()
        self.silence += min(now - self._looked, 2 * LOOK)
        self._looked = now
        if HEART.beats != self._beats:
            self._beats, self.silence = HEART.beats, 0.0
        longest = patience(HEART, self._minutes)
        if self._fatal:
            faulthandler.dump_traceback_later(longest + 10 * LOOK, exit=True, file=STDERR)
        return self.silence >= longest

    def end(self) -> None:
        """Stop counting."""
        if self._fatal:
            faulthandler.cancel_dump_traceback_later()


class HungError(Exception):
    """A trial's process hangs. `to_blame`: in what is this trial's, or nobody knows in whose."""

    def __init__(self, message: str, to_blame: bool = True) -> None:
        super().__init__(message)
        self.to_blame = to_blame


def last_words(silence: float, step: int, thread: int | None) -> str:
    """What a record says of a trial that was silent for so many seconds: the step reported last,
    and where its thread (by identifier) stands."""
    frame = sys._current_frames().get(thread or 0)
    code = frame.f_code if frame else None
    where = f" (in {code.co_name}, {Path(code.co_filename).name})" if code else ""
    return f"it made no progress for {silence / 60:.2g} minutes at step {step}{where}"
