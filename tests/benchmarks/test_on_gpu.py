"""What runs on a GPU in one go: options exist, time limits hold, failures are told."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks import memory_limit, on_gpu, packing, ppo, rates
from benchmarks.on_gpu import PARTS, Task, command, run, run_part

OPTIONS = argparse.Namespace(device="cpu", quick=True, minutes=1.0)
TASKS = [task for part in PARTS.values() for task in part]
BENCHMARKS = [task for task in TASKS if task.module.startswith("benchmarks.")]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("task", BENCHMARKS, ids=lambda task: task.name)
def test_benchmarks_know_their_options(
    task: Task, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    for module in (packing, memory_limit, ppo, rates):
        monkeypatch.setattr(module, "measure", asked.append)
    monkeypatch.setattr(rates, "tell", lambda *_: None)
    monkeypatch.setattr(sys, "argv", command(task, Path("out"), "cuda", quick)[2:])
    sys.modules[task.module].main()
    if task.module == "benchmarks.rates":
        assert asked == ["cuda"]
        return
    (options,) = asked
    assert options.device == "cuda"
    assert options.json.parent == Path("out")
    assert options.json.name.startswith(f"{task.name}-")
    assert (options.model == "toy") == quick


def test_names_are_told_apart_and_tests_exist() -> None:
    assert len({task.name for task in TASKS}) == len(TASKS)
    assert all(Path(file).is_file() for file in on_gpu.TESTS)


def test_a_process_that_fails_tells_why() -> None:
    assert run([sys.executable, "-c", "pass"], 30) is None
    problem = run([sys.executable, "-c", "raise ValueError('of mine')"], 30)
    assert problem is not None
    assert problem.startswith("exit status 1\nTraceback")
    assert "ValueError: of mine" in problem


def test_a_process_and_its_children_end_with_the_time(tmp_path: Path) -> None:
    late = tmp_path / "late"
    child = f"import time, pathlib; time.sleep(3); pathlib.Path({str(late)!r}).touch()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    began = time.monotonic()
    assert run([sys.executable, "-c", parent], 1) == "stopped after 1 s\n"
    assert time.monotonic() - began < 3
    time.sleep(3)
    assert not late.exists()


def test_a_failure_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tasks = [Task("broken", "no.such.module", 1), Task("sound", "timeit -n 1 -r 1 pass", 1)]
    monkeypatch.setitem(PARTS, 1, tasks)
    assert run_part(1, tmp_path, OPTIONS) == 1
    told = (tmp_path / "failures-part1.txt").read_text()
    assert told.startswith("== broken: exit status 1")
    assert "no.such" in told
    assert "sound" not in told
    lines = capfd.readouterr().out.splitlines()[-2:]
    assert "broken" in lines[0]
    assert lines[1].split()[2] == "sound"
    assert lines[1].endswith("done")


def test_what_a_task_leaves_of_its_time_the_next_ones_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    monkeypatch.setattr(on_gpu, "run", lambda _, seconds: given.append(seconds))
    monkeypatch.setitem(PARTS, 1, [Task("a", "a", 1), Task("b", "b", 2), Task("c", "c", 3)])
    assert run_part(1, tmp_path, OPTIONS) == 0
    assert given == pytest.approx([10, 24, 60], abs=1)  # each used nothing


@pytest.mark.slow
def test_a_part_writes_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = f"on_gpu --out {tmp_path} --device cpu --quick --part 1"
    monkeypatch.setattr(sys, "argv", words.split())
    with pytest.raises(SystemExit) as end:
        on_gpu.main()
    assert end.value.code == 0
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [
        "packing-tinyllama-cpu.json",
        "packing-tinyllama-none-cpu.json",
        "rates-cpu.json",
    ]
    assert all(json.loads(file.read_text())[0]["device"]["cpus"] for file in files)
