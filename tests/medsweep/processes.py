"""Runs `medsweep` as a user does: a process of its own, with a cache of its own."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

COMMAND = [sys.executable, "-m", "medsweep"]


def environment(cache: Path) -> dict[str, str]:
    """This process's environment with an empty cache, and lines wide enough not to be broken."""
    return {**os.environ, "MEDSWEEP_CACHE": str(cache), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}


def medsweep(cache: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=environment(cache),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def processor_seconds(command: Sequence[str], env: dict[str, str]) -> tuple[float, str]:
    """What a command costs, and what it prints; processor time, as other work delays the clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def is_quick(command: Sequence[str], env: dict[str, str], limit: float) -> tuple[bool, str]:
    """Whether a command costs less than `limit` seconds at its best of three, and what it prints;
    it is asked no more often than that takes."""
    costs = []
    for _ in range(3):
        seconds, printed = processor_seconds(command, env)
        if seconds < limit:
            return True, printed
        costs.append(seconds)
    return False, f"{costs} s"


def start(cache: Path, output: Path, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own; what it prints goes to the file `output`."""
    with output.open("wb") as stream:
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            env=environment(cache),
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def press_ctrl_c(process: subprocess.Popen[bytes]) -> None:
    """Send SIGINT to the whole foreground group, as a terminal does."""
    os.killpg(process.pid, signal.SIGINT)


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until the condition holds; AssertionError after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def left_behind(cache: Path) -> list[str]:
    """Living processes that were started with this cache."""
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get("MEDSWEEP_CACHE") == str(cache)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()[:4]))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
