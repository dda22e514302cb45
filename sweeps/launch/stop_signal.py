"""SIGTERM, which `timeout`, systemd, Slurm and Docker send, ends a sweep as Ctrl-C does."""

import signal
import threading


def as_ctrl_c() -> None:
    """From now on. To be said again once Ray has started, which has a handler of its own."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
