"""A medsweep driver in a process of its own that can be killed, with a list of what outlives it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
DEADLINE = 600  # seconds for one process, on a machine that is busy
# seconds in which everything of a killed driver must be gone; two agents of Ray take 62: they try
# for 60 seconds to tell a control store that died with the driver
PATIENCE = 90
STARTED = re.compile(r"(EXP-\d+)\b.*: started")


class Driver:
    """`medsweep …` as a subprocess with its output in a file."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self.log = log
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160"}
        command = [sys.executable, "-m", "medsweep", *arguments]
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )

    def started(self) -> list[str]:
        """The trials that it has started, in order."""
        return STARTED.findall(self.log.read_text(errors="replace"))

    def wait_for_trial(self) -> float | None:
        """The moment of the first trial's start; None where the process ended without one."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            if self.started():
                return time.monotonic()
            if self.process.poll() is not None:
                return None
            time.sleep(0.02)
        self.stop()
        raise TimeoutError(f"no trial started in {DEADLINE} s; see {self.log}")

    def wait(self) -> int:
        """Its exit code."""
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.stop()
            raise

    def family(self) -> list[psutil.Process]:
        """All that it started: its descendants, and whoever is in its session."""
        found = set(psutil.Process(self.process.pid).children(recursive=True))
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == self.process.pid:
                    found.add(process)
            except OSError:
                continue
        return [p for p in found if p.pid != self.process.pid]

    def kill(self) -> "Farewell":
        """`kill -9` of the driver alone."""
        family = self.family()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return Farewell(family)

    def stop(self) -> None:
        """End it and its family, where it still runs."""
        if self.process.poll() is None:
            self.kill().end()


class Farewell:
    """Watches what a killed driver left behind, from a thread: others run meanwhile."""

    def __init__(self, family: list[psutil.Process]) -> None:
        self.left, self.seconds = family, 0.0
        self._began, self._hurry = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while self.left and self.seconds < PATIENCE and not self._hurry.wait(0.1):
            self.left = alive(self.left)
            self.seconds = time.monotonic() - self._began

    def wait(self) -> list[str]:
        """When all are gone, or after PATIENCE: those that are still there, which are ended."""
        self._thread.join()
        names = [f"{p.pid} {_command(p)}" for p in self.left]
        for process in self.left:  # by their ids: nobody else's
            process.kill()
        return names

    def end(self) -> None:
        """Wait no longer."""
        self._hurry.set()
        self.wait()


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; a zombie does not."""
    left = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
        except psutil.NoSuchProcess:
            continue
    return left


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()).strip()[:100]
    except psutil.Error:
        return "?"
