"""Signals, closed terminals and killed processes, one after the other on one sweep."""

import os
import pty
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.oracle import holds, nothing_left, records_of, worker_of
from tests.medsweep.processes import COMMAND, environment, left_behind, wait_for

TRIALS = 4
RAYS_OWN = [
    ("gcs/gcs_server", "Ray's head process (the GCS)"),
    ("raylet/raylet", "Ray's process here (the raylet)"),
]
CANARY = "canary-of-a-secret"


class Drivers:
    """The processes that drive one sweep in turn: their terminal's other end, what they printed."""

    def __init__(self, root: Path, temporary: Path) -> None:
        self.cache, self.folder = root / "cache", root / "runs" / "toy"
        self.temporary, self.output = temporary, root / "output"
        self.environment = {
            **environment(self.cache),
            "TMPDIR": str(self.temporary),
            "AWS_SECRET_ACCESS_KEY": CANARY,
        }

    def start(self, *arguments: object, stdout: int | None = None) -> subprocess.Popen[bytes]:
        """As a script starts a command in the background: SIGINT is ignored."""
        with self.output.open("wb") as file:
            return subprocess.Popen(
                ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *COMMAND, *map(str, arguments)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file if stdout is None else stdout,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def new(self, **given: int) -> subprocess.Popen[bytes]:
        changed = ["--set", f"search.num_trials={TRIALS}", "--set", "search.early_stopping=null"]
        return self.start("run", "toy", *changed, "--output", self.folder.parent, **given)

    def resume(self) -> subprocess.Popen[bytes]:
        return self.start("resume", self.folder)

    def trial_runs(self, process: subprocess.Popen[bytes], number: int) -> None:
        """Wait until this trial has a checkpoint."""
        there = self.folder / f"trials/EXP-{number:03d}/metrics.jsonl"
        wait_for(lambda: there.is_file() or process.poll() is not None, 120, str(there))
        assert process.poll() is None, self.output.read_text()


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A TMPDIR with a short path: Ray's sockets are in it."""
    folder = Path(tempfile.mkdtemp(prefix="ms-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_a_sweep_outlives_the_death_of_ray(tmp_path: Path, temporary: Path) -> None:
    drivers = Drivers(tmp_path, temporary)
    resume = f"Go on with: medsweep resume {drivers.folder}"
    process = drivers.new()
    for number, (program, called) in enumerate(RAYS_OWN, start=1):
        drivers.trial_runs(process, number)
        worker_of(process.pid, program).kill()
        assert process.wait(30) == 1, drivers.output.read_text()
        said = drivers.output.read_text()
        assert f"error: {called} died" in said
        assert said.rstrip().endswith(resume)
        assert "raylet)" not in said.replace("(the raylet)", ""), said
        nothing_left(drivers.cache, drivers.temporary)
        process = drivers.resume()
    assert process.wait(200) == 0, drivers.output.read_text()
    holds(drivers.folder, drivers.cache, TRIALS, drivers.temporary)


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_a_sweep_outlives_signals_and_kills(tmp_path: Path, temporary: Path) -> None:
    drivers = Drivers(tmp_path, temporary)

    ours, theirs = pty.openpty()
    process = drivers.new(stdout=theirs)
    os.close(theirs)
    drivers.trial_runs(process, 1)
    logs = [path for path in temporary.rglob("*") if path.suffix in (".log", ".out", ".err")]
    assert [path.name for path in logs if path.name == "runtime_env_agent.log"]
    assert not [path for path in logs if CANARY in path.read_text(errors="replace")]
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 130, "the terminal is closed"
    nothing_left(drivers.cache, drivers.temporary)

    process = drivers.resume()
    drivers.trial_runs(process, 2)
    process.terminate()
    assert process.wait(60) == 130, drivers.output.read_text()
    assert f"Go on with: medsweep resume {drivers.folder}" in drivers.output.read_text()
    nothing_left(drivers.cache, drivers.temporary)

    process = drivers.resume()
    drivers.trial_runs(process, 3)
    worker_of(process.pid).kill()
    wait_for(lambda: "its worker died" in drivers.output.read_text(), 60, "the death is told")
    process.kill()
    process.wait(60)
    wait_for(lambda: not left_behind(drivers.cache), 40, "Ray ends with its driver")
    assert len(records_of(drivers.folder)) < TRIALS
    for folder in drivers.temporary.iterdir():  # as if a minute had gone by
        os.utime(folder, (time.time() - 120,) * 2)

    process = drivers.resume()
    assert process.wait(200) == 0, drivers.output.read_text()
    holds(drivers.folder, drivers.cache, TRIALS, drivers.temporary)
