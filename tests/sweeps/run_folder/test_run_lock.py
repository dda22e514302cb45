"""One driver a run folder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.run_folder.run_lock import exclusive, is_running
from sweeps.spec.errors import SpecError

ROOT = Path(__file__).resolve().parents[3]
HOLD = (
    "import sys, time; from pathlib import Path; from sweeps.run_folder.run_lock import exclusive\n"
    "with exclusive(Path(sys.argv[1])):\n print('held', flush=True); time.sleep(60)\n"
)


def test_a_second_driver_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert first.stdout is not None
    try:
        assert first.stdout.readline() == b"held\n"
        assert is_running(tmp_path)
        with pytest.raises(SpecError, match="another medsweep is running"), exclusive(tmp_path):
            pass
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
        first.stdout.close()
    assert not is_running(tmp_path)
    with exclusive(tmp_path):
        assert is_running(tmp_path)
    assert not is_running(tmp_path)


def test_it_is_let_go_where_the_driver_raises(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path):
        _ = 1 / 0
    with exclusive(tmp_path):
        pass


def test_looking_changes_nothing_and_needs_no_right_to_write(tmp_path: Path) -> None:
    assert not is_running(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()
    with exclusive(tmp_path):
        pass
    (tmp_path / ".lock").chmod(0o444)
    before = (tmp_path / ".lock").stat().st_mtime_ns
    assert not is_running(tmp_path)
    assert (tmp_path / ".lock").stat().st_mtime_ns == before
