"""A worker's process that stands still is noticed by the driver, and killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.placement import Placement
from cluster.session import Session
from sweeps.tune import lookout
from sweeps.tune.lookout import LATE, Silences, kill_worker, why
from sweeps.tune.pulse import Pulse
from tests.sweeps.fakes import records
from tests.sweeps.tune.test_driver import Watch, make_sweep, session, workers
from tests.sweeps.tune.test_hanging import limited

__all__ = ["session"]
PATIENCE = 30.0


def pulse(beats: int, pid: int = 1) -> Pulse:
    return Pulse("node", pid, "EXP-001", PATIENCE, beats)


@pytest.fixture(autouse=True)
def _no_job(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "session" not in request.fixturenames:
        monkeypatch.setattr("sweeps.tune.pulse.prefix", lambda: b"pulse-job-")


def looked(beats: Iterator[int], seconds: int, apart: float = 1.0) -> list[float]:
    """After how many seconds it was found to stand still."""
    silences, found = Silences(), []
    for second in range(seconds):
        if silences.look([pulse(next(beats))], second * apart):
            found.append(second * apart)
    return found


def test_it_stands_still_when_it_beats_no_more() -> None:
    assert looked(iter(range(200)), 200) == []
    assert looked(iter([*range(5), *[5] * 100]), 50 + 5) == [5 + PATIENCE + LATE]


def test_a_machine_that_slept_is_no_silence() -> None:
    """Each look is an hour late: at most two seconds of each are counted."""
    assert looked(iter([5] * 20), 20, apart=3600.0) == []


def test_a_pulse_travels() -> None:
    assert Pulse.read(pulse(7).written()) == pulse(7)


def test_no_other_process_is_killed() -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert not kill_worker(other.pid)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
    assert not kill_worker(other.pid)


class Stopping(Watch):
    """Stops the process of a trial once, after its first report."""

    def act(self, entry: Any, report: Any) -> None:
        if not entry.is_base and self.pids and not self.stopped:
            self.stopped = True
            for pid in workers(self.session, self.of):
                os.kill(pid, signal.SIGSTOP)

    stopped, of = False, "TuneWorker"


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("pack", [0, 2])
def test_a_stopped_process_is_not_waited_for(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: int
) -> None:
    from sweeps.tune.driver import run_tune

    monkeypatch.setattr(lookout, "LATE", 3.0)
    said: list[str] = []
    watch = Stopping(session)
    watch.of = "PackActor" if pack else "TuneWorker"
    sweep = limited(make_sweep(tmp_path, [1e-3, 2e-3], watch), hang_minutes=0.05)
    sweep.observers.add(watch)
    sweep.say = said.append
    run_tune(sweep, Placement(0.5, 0, 2, "two at a time", pack=pack), session.nodes())
    assert [r["state"] for r in records(tmp_path).values()] == ["complete"] * 2
    assert any("its worker died: its process stood still for 0." in line for line in said), said
    assert "without memory) and was ended" in why(60.0)
