"""What ends a sweep as Ctrl-C does, in processes of their own."""

import subprocess
import sys

import pytest

WAITS = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may run under nohup
{before}
from sweeps.launch.stop_signal import as_ctrl_c, deaf
as_ctrl_c()
try:
    os.kill(os.getpid(), signal.{name})
    time.sleep(0.2)
except KeyboardInterrupt:
    deaf()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(os.getpid(), number)
    print("interrupted")
"""


def _said(name: str, before: str = "") -> str:
    code = WAITS.format(name=name, before=before)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_interrupts_where_ctrl_c_is_ignored_and_only_once(name: str) -> None:
    assert _said(name) == "interrupted"


def test_nohup_is_respected() -> None:
    assert _said("SIGHUP", "signal.signal(signal.SIGHUP, signal.SIG_IGN)") == ""
