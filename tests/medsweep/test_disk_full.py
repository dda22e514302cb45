"""A disk that is really full: the sweep stops cleanly, and is resumed once there is room."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.medsweep.processes import left_behind, medsweep, press_ctrl_c, start, wait_for
from tests.sweeps.run_folder.deaths import snapshot

SETTINGS = (
    *("search.num_trials=3", "search.early_stopping=null"),
    *("trial.training.max_steps=24", "trial.evaluation.max_new_tokens=4"),
)
SPEC = ("toy", *(word for setting in SETTINGS for word in ("--set", setting)))


def mounted(*arguments: str) -> bool:
    """Whether a file system could be mounted (as root, where the kernel allows it)."""
    done = subprocess.run(["mount", "-t", "tmpfs", *arguments], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mounted("-o", "size=900m", "tmpfs", str(folder)):
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def resize(disk: Path, size: str) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


def used(disk: Path) -> int:
    found = subprocess.run(["du", "-sk", str(disk)], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def records(run: Path) -> dict[str, Any]:
    files = sorted(run.glob("trials/*/record.json"))
    return {file.parent.name: json.loads(file.read_text()) for file in files}


@pytest.mark.slow
def test_a_full_disk_stops_the_sweep_and_resume_goes_on(tmp_path: Path, disk: Path) -> None:
    cache, output, run = tmp_path / "cache", tmp_path / "output", disk / "toy"
    process = start(cache, output, "run", *SPEC, "--output", disk)
    try:
        wait_for(lambda: len(records(run)) >= 1, 150, "a trial's end")
        resize(disk, f"{used(disk) + 40}k")
        assert process.wait(100) == 1
    finally:
        if process.poll() is None:
            press_ctrl_c(process)
    said = output.read_text()
    assert "is full" in said
    assert f"medsweep resume {run}" in " ".join(said.split())
    assert "Traceback" not in said
    assert "This is a bug" not in said
    before = snapshot(run, "trials/*/config.json"), records(run)
    assert 1 <= len(before[1]) < 3

    resize(disk, "900m")
    done = medsweep(cache, "resume", run)
    assert done.returncode == 0, done.stdout + done.stderr
    after = records(run)
    assert sorted(after) == ["EXP-001", "EXP-002", "EXP-003"]
    assert {r["state"] for r in after.values()} == {"complete"}
    assert {name: after[name] for name in before[1]} == before[1]
    assert snapshot(run, "trials/*/config.json").items() >= before[0].items()
    for name in after:  # each step once
        lines = (run / "trials" / name / "metrics.jsonl").read_text().splitlines()
        steps = [json.loads(line)["step"] for line in lines]
        assert steps == sorted(set(steps))
        assert steps[-1] == 24
    assert left_behind(cache) == []
