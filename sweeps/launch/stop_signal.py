"""SIGTERM, which `timeout`, systemd, Slurm and Docker send, SIGUSR1, which Slurm sends before the
end of a job where it is asked to, and SIGHUP, which comes when a terminal is closed, end a sweep as
Ctrl-C does."""

import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

OURS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)
_first: list[Callable[[], None]] = []  # what the first SIGTERM or SIGUSR1 does in place of ending


def as_ctrl_c() -> None:
    """From now on. To be said again once Ray has started, which has a handler of its own. SIGHUP
    stays ignored where it is, as under `nohup`."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in OURS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


@contextmanager
def before_the_end(first: Callable[[], None]) -> Iterator[None]:
    """Within, the first SIGTERM or SIGUSR1 calls `first`, in the main thread, and ends nothing."""
    _first.append(first)
    try:
        yield
    finally:
        _first.clear()


def deaf() -> None:
    """From now on nothing of the kind interrupts: the second one of an impatient hand, or a machine
    that sends SIGHUP and SIGTERM together."""
    for number in (signal.SIGINT, *OURS):
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    """Not by SIGINT: a shell that starts a command in the background of a script has it ignored."""
    if number == signal.SIGHUP:
        _leave_terminal()
    elif _first:
        _first.pop()()
        return
    raise KeyboardInterrupt


def _leave_terminal() -> None:
    """What is written to a closed terminal is an error: nobody reads it, so it goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        if _is_terminal(stream):
            os.dup2(nowhere, stream)
    os.close(nowhere)


def _is_terminal(stream: int) -> bool:
    """Also one that is gone: it answers no more questions, but is a character device still."""
    try:
        return stat.S_ISCHR(os.fstat(stream).st_mode)
    except OSError:
        return False
