"""When a trial is taken to hang: after a silence, by the pace, and never for being slow."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from sweeps.failures import hangs
from sweeps.failures.hangs import HangWatch, HungError, last_words, patience
from sweeps.failures.raised import failure
from trainables import heartbeat
from trainables.heartbeat import HEART, Heartbeat


class Clock:
    """A time that passes when one says so, for the heart and for who watches it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        patch.setattr(heartbeat.time, "monotonic", lambda: self.now)  # both modules' `time`

    def watched(self, watch: HangWatch, seconds: float) -> float | None:
        """Seconds until it is said to hang, looked at every second; None where it is not."""
        for passed in range(int(seconds)):
            self.now += 1
            if watch.look():
                return passed + 1.0
        return None


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock(monkeypatch)
    HEART.restart()
    yield made
    monkeypatch.undo()
    HEART.restart()


def heart(beats: int, longest: float) -> Heartbeat:
    made = Heartbeat()
    made.beats, made.longest = beats, longest
    return made


@pytest.mark.parametrize(
    ("beats", "longest", "minutes", "seconds"),
    [
        (5, 1.0, None, 600),  # ten minutes at least
        (5, 45.0, None, 900),  # or twenty times the longest silence so far
        (0, 0.0, None, 3600),  # while a model is loaded
        (5, 45.0, 3.0, 180),
        (0, 0.0, 3.0, 1080),
    ],
)
def test_how_long_a_silence_may_be(
    beats: int, longest: float, minutes: float | None, seconds: float
) -> None:
    assert patience(heart(beats, longest), minutes) == seconds


def test_a_silence_is_a_hang(clock: Clock) -> None:
    HEART.beat()
    watch = HangWatch(2.0)
    assert clock.watched(watch, 119) is None
    HEART.beat()
    assert clock.watched(watch, 200) == 121  # one look to see that there was a beat


def test_one_that_is_only_slow_is_left_alone(clock: Clock) -> None:
    HEART.beat()
    watch = HangWatch(None)
    for minutes in (1, 5, 9, 9.9, 60, 180):  # each at most twenty times the longest before
        assert clock.watched(watch, 60 * minutes) is None
        HEART.beat()


def test_the_first_sign_of_life_may_take_longer(clock: Clock) -> None:
    watch = HangWatch(1.0)
    assert clock.watched(watch, 359) is None
    assert clock.watched(watch, 2) == 1


def test_a_machine_that_slept_did_not_hang(clock: Clock) -> None:
    HEART.beat()
    watch = HangWatch(1.0)
    for _ in range(29):
        clock.now += 8 * 3600
        assert not watch.look()  # what it did not see pass counts as two looks at most
    assert clock.watched(watch, 10) == 2


def test_the_wait_for_others_counts_for_nothing(clock: Clock) -> None:
    HEART.beat()
    watch = HangWatch(1.0)
    assert clock.watched(watch, 59) is None
    clock.now += 1000
    watch.begin()
    assert clock.watched(watch, 59) is None
    assert clock.watched(watch, 1) == 1


def test_what_is_said_of_it() -> None:
    def waits_for_ever() -> None:
        begun.set()
        end.wait()

    begun, end = threading.Event(), threading.Event()
    thread = threading.Thread(target=waits_for_ever)
    thread.start()
    begun.wait()
    said = last_words(180.0, 12, thread.ident)
    end.set()
    thread.join()
    assert said.startswith("it made no progress for 3 minutes at step 12 (in wait, threading.py)")
    assert last_words(180.0, 12, None) == "it made no progress for 3 minutes at step 12"
    found = failure(HungError(said))
    assert (found.message, found.poisoned, found.counts) == (said, True, True)
    assert not failure(HungError("another hung", to_blame=False)).counts


HOLDING = """
import ctypes, threading, time
from sweeps.failures import hangs
from sweeps.failures.hangs import HangWatch
from trainables.heartbeat import beat
beat()
hangs.LOOK = 0.05
watch = HangWatch(0.01, fatal=True)
watch.look()
ctypes.PyDLL(None).sleep(30)  # holds Python's lock, as stuck native code may
"""


def test_where_python_itself_stands_still_the_process_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOLDING], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
    assert "<module>" in done.stderr


def test_a_watch_that_ended_ends_no_process() -> None:
    script = HOLDING.replace("ctypes.PyDLL(None).sleep(30)", "watch.end(); time.sleep(2)")
    done = subprocess.run([sys.executable, "-c", script], timeout=20, check=False)
    assert done.returncode == 0
    assert hangs.LOOK == 1.0
