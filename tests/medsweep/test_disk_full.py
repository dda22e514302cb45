"""A disk that is really full: the sweep stops cleanly, and is resumed once there is room."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.medsweep.processes import left_behind, medsweep, start, wait_for

SETTINGS = (
    *("search.num_trials=4", "search.sampler=random", "search.early_stopping=null"),
    "trial.training.max_steps=150",
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
    wait_for(lambda: len(records(run)) >= 1, 120, "a trial's end")
    resize(disk, f"{used(disk) + 40}k")
    assert process.wait(120) == 1
    said = output.read_text()
    assert "is full" in said
    assert f"medsweep resume {run}" in " ".join(said.split())
    assert "Traceback" not in said
    assert "This is a bug" not in said
    before = records(run)
    assert 1 <= len(before) < 4
    assert {r["state"] for r in before.values()} <= {"complete", "stopped"}

    resize(disk, "900m")
    done = medsweep(cache, "resume", run)
    assert done.returncode == 0, done.stdout + done.stderr
    after = records(run)
    assert sorted(after) == ["EXP-001", "EXP-002", "EXP-003", "EXP-004"]
    assert {name: after[name] for name in before} == before
    alone = medsweep(cache, "run", *SPEC, "--output", tmp_path)
    assert alone.returncode == 0
    wanted = records(tmp_path / "toy")
    for name, record in after.items():
        assert record["parameters"] == wanted[name]["parameters"]
        assert record["metrics"]["val_loss"] == pytest.approx(wanted[name]["metrics"]["val_loss"])
    assert left_behind(cache) == []
