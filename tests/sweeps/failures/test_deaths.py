"""What is said of a process that died, from what it wrote."""

import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.failures import deaths
from sweeps.failures.deaths import BY_KERNEL, KILLED, UNKNOWN, cause, kernel_kills, log_of

DYING = {
    "it ended itself: os._exit(3)": "os._exit(3)",
    "it crashed (Segmentation fault)": "os.kill(os.getpid(), signal.SIGSEGV)",
    "it crashed (Aborted)": "os.abort()",
    "it crashed (Bus error)": "os.kill(os.getpid(), signal.SIGBUS)",
    KILLED: "os.kill(os.getpid(), signal.SIGKILL)",
}
REPORT = "ActorDiedError: The actor died unexpectedly\n\tclass_name: TuneWorker\n\tpid: {}\n"


@pytest.mark.parametrize(("said", "line"), DYING.items())
def test_a_process_that_dies_by_itself_says_how(tmp_path: Path, said: str, line: str) -> None:
    start = "import faulthandler, os, signal\nfrom sweeps.failures.deaths import tell_exits"
    code = f"{start}\nfaulthandler.enable()\ntell_exits()\nprint(os.getpid(), flush=True)\n{line}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    pid = int(done.stdout)
    (tmp_path / f"worker-abc-01-{pid}.err").write_bytes(b"a warning before\n" + done.stderr)
    (tmp_path / f"worker-abc-01-1{pid}.err").write_text("*** SIGILL received at time=1")
    assert cause(log_of(REPORT.format(pid), tmp_path)) == said


def test_rays_own_words_of_a_crash() -> None:
    text = (
        "*** SIGSEGV received at time=1764599 on cpu 0 ***\nFatal Python error: Segmentation fault"
    )
    assert cause(text) == "it crashed (SIGSEGV)"


def test_one_that_nobody_saw(tmp_path: Path) -> None:
    assert log_of(REPORT.format(7), tmp_path) is None  # on another machine
    assert log_of("the actor never started", tmp_path) is None
    assert log_of(REPORT.format(7), None) is None
    assert cause(None) == UNKNOWN


def test_the_kernels_kills_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cause("", memory_ran_out=True) == BY_KERNEL
    assert cause("*** SIGSEGV received", memory_ran_out=True) == "it crashed (SIGSEGV)"
    events = tmp_path / "memory.events"
    events.write_text("low 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 0\n")
    monkeypatch.setattr(deaths, "COUNTERS", (tmp_path / "none", events))
    assert kernel_kills() == 3
    monkeypatch.setattr(deaths, "COUNTERS", (tmp_path / "none",))
    assert kernel_kills() == 0
