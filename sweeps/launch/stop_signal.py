"""SIGTERM, which `timeout`, systemd, Slurm and Docker send, and SIGHUP, which comes when a terminal
is closed, end a sweep as Ctrl-C does."""

import os
import signal
import stat
import threading
from types import FrameType

OURS = (signal.SIGTERM, signal.SIGHUP)


def as_ctrl_c() -> None:
    """From now on. To be said again once Ray has started, which has a handler of its own. SIGHUP
    stays ignored where it is, as under `nohup`."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in OURS:
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def deaf() -> None:
    """From now on nothing of the kind interrupts: the second one of an impatient hand, or a machine
    that sends SIGHUP and SIGTERM together."""
    for number in (signal.SIGINT, *OURS):
        signal.signal(number, signal.SIG_IGN)


def _end(number: int, frame: FrameType | None) -> None:
    """Not by SIGINT: a shell that starts a command in the background of a script has it ignored."""
    if number == signal.SIGHUP:
        _leave_terminal()
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
