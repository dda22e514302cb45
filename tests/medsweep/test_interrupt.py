"""Ctrl-C: the sweep ends cleanly, says how to go on, and goes on."""

import json
from pathlib import Path

import pytest

from tests.medsweep.processes import left_behind, medsweep, press_ctrl_c, start, wait_for


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_ctrl_c_and_resume(tmp_path: Path) -> None:
    cache, folder, output = tmp_path / "cache", tmp_path / "runs" / "toy", tmp_path / "output"
    process = start(cache, output, "run", "toy", "--output", folder.parent)
    first = folder / "trials/EXP-001/record.json"
    wait_for(lambda: first.is_file() or process.poll() is not None, 180, "the first trial's end")
    press_ctrl_c(process)
    said = f"exit {process.wait(timeout=60)}\n{output.read_text()}"
    assert process.returncode == 130, said
    assert f"Go on with: medsweep resume {folder}" in said
    assert "Traceback" not in said
    wait_for(lambda: not left_behind(cache), 20, f"all processes gone: {left_behind(cache)}")

    before = {path: path.read_bytes() for path in folder.glob("trials/*/record.json")}
    assert 1 <= len(before) < 12
    assert "medsweep resume" in medsweep(cache, "status", folder).stdout

    resumed = medsweep(cache, "resume", folder)
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert {path: path.read_bytes() for path in before} == before, "what was done stays as it was"
    records = [json.loads(p.read_text()) for p in sorted(folder.glob("trials/*/record.json"))]
    assert [r["trial"] for r in records] == [f"EXP-{n:03d}" for n in range(1, 13)]
    assert {r["state"] for r in records} <= {"complete", "stopped"}
    assert len({json.dumps(r["parameters"], sort_keys=True) for r in records}) == 12
    assert left_behind(cache) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sigterm_is_a_ctrl_c(tmp_path: Path) -> None:
    cache, folder, output = tmp_path / "cache", tmp_path / "runs" / "toy", tmp_path / "output"
    process = start(cache, output, "run", "toy", "--output", folder.parent)
    first = folder / "trials/EXP-001/record.json"
    wait_for(lambda: first.is_file() or process.poll() is not None, 240, "the first trial's end")
    process.terminate()  # the driver alone, as `timeout` and systemd do
    said = f"exit {process.wait(timeout=90)}\n{output.read_text()}"
    assert process.returncode == 130, said
    assert f"Go on with: medsweep resume {folder}" in said
    assert "SIGTERM" not in said
    assert "Traceback" not in said
    wait_for(lambda: not left_behind(cache), 20, f"all processes gone: {left_behind(cache)}")


@pytest.mark.slow
def test_ctrl_c_before_the_sweep_began(tmp_path: Path) -> None:
    cache, output = tmp_path / "cache", tmp_path / "output"
    process = start(cache, output, "run", "toy", "--output", tmp_path / "runs")
    wait_for(lambda: cache.exists() or process.poll() is not None, 60, "the preparation's begin")
    press_ctrl_c(process)
    process.wait(timeout=60)
    assert process.returncode == 130, output.read_text()
    assert "Traceback" not in output.read_text()
    wait_for(lambda: not left_behind(cache), 20, f"all processes gone: {left_behind(cache)}")
