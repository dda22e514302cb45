"""A confirmation that is killed, and one that is ended, measures what an undisturbed one does."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.medsweep.processes import left_behind, medsweep, start, wait_for

SEARCH = ("--set", "search.num_trials=2", "--set", "search.early_stopping=null")
CONFIRM = ("--top", "2", "--seeds", "2")
TAKES = "minutes"


def values(folder: Path) -> dict[str, dict[str, Any]]:
    """What every run with a new seed measured, but for the time it took."""
    found = {}
    for file in sorted(folder.glob("trials/*/seeds/*/record.json")):
        record = json.loads(file.read_text())
        found[str(file.parent)[len(str(folder)) :]] = {
            name: value for name, value in record["metrics"].items() if name != TAKES
        }
    return found


def confirmed(folder: Path) -> Any:
    told = json.loads((folder / "best.json").read_text())["confirmed"]
    for trial in told["trials"].values():
        trial["means"].pop(TAKES, None)
    return told


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_a_confirmation_outlives_kills(tmp_path: Path) -> None:
    cache, whole, broken = (tmp_path / name for name in ("cache", "whole", "broken"))
    assert medsweep(cache, "run", "toy", *SEARCH, "--output", tmp_path).returncode == 0
    (tmp_path / "toy").rename(whole)
    shutil.copytree(whole, broken)
    assert medsweep(cache, "confirm", whole, *CONFIRM).returncode == 0

    command: tuple[object, ...] = ("confirm", broken, *CONFIRM)
    for begun, kill in ((1, True), (2, False)):
        process = start(cache, tmp_path / "output", *command)
        wait_for(
            lambda n=begun: len(list(broken.glob("trials/*/seeds/*/metrics.jsonl"))) >= n,  # type: ignore[misc]
            120,
            "a run begins",
        )
        process.kill() if kill else process.terminate()
        assert process.wait(60) == (-9 if kill else 130), (tmp_path / "output").read_text()
        wait_for(lambda: not left_behind(cache), 40, "Ray ends with its driver")
        for verb in ("status", "best", "report"):  # half a confirmation is told as that
            done = medsweep(cache, verb, broken)
            assert done.returncode == 0, done.stderr
            assert "Traceback" not in done.stdout + done.stderr
        command = ("resume", broken)

    done = medsweep(cache, "resume", broken)
    assert done.returncode == 0, done.stderr
    assert len(values(whole)) == 4
    assert values(broken) == values(whole)
    assert confirmed(broken) == confirmed(whole)
