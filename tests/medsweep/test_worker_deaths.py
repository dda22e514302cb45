"""What is seen of a worker that dies: which trial, why, what follows, and where the rest is."""

import json
from pathlib import Path

import pytest

from tests.medsweep.processes import medsweep
from tests.medsweep.test_own_rewards import spec

# the base model is measured in the first call; the trial dies wherever it is trained
DEADLY = """
import os, pathlib, signal

def deadly(prompts, completions, **columns):
    calls = pathlib.Path(__file__).with_name("calls")
    calls.write_text(calls.read_text() + "." if calls.exists() else ".")
    if len(calls.read_text()) > 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return [0.5 for _ in completions]
"""


@pytest.mark.slow
def test_a_workers_death_is_told_in_a_line(tmp_path: Path) -> None:
    file, runs = spec(tmp_path / "spec", "deadly"), tmp_path / "runs"
    (file.parent / "nc_mine.py").write_text(DEADLY)
    done = medsweep(tmp_path / "cache", "run", file, "--output", runs)
    said = done.stdout + done.stderr
    trial = runs / "mine/trials/EXP-001"
    log = trial / "errors.log"
    died = "EXP-001: its worker died: it was killed (SIGKILL); it begins again in another"
    assert f"{died} process; at length in {log}" in said
    assert "EXP-001: failed  its worker died 2 times: it was killed (SIGKILL)" in said
    assert f"EXP-001: failed; at length in {log}" in said
    assert "Traceback" not in said
    assert "raylet" not in said
    assert "Trials did not complete" not in said
    assert log.read_text().count("its worker died") == 2
    assert log.read_text().count("Worker exit type: SYSTEM_ERROR") == 2
    assert json.loads((trial / "record.json").read_text())["state"] == "failed"
