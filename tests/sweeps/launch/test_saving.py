"""The first SIGTERM asks trials for checkpoints, and ends the sweep once they are there."""

import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.control.sweep import Sweep
from sweeps.launch import saving as module
from sweeps.launch.saving import saving
from sweeps.launch.stop_signal import as_ctrl_c
from sweeps.spec.sections import LimitsConfig
from tests.sweeps.fakes import make_spec, make_sweep
from trainables.context import Report
from trainables.saved import Checkpoint

CHECKPOINT = Checkpoint(b"", b"", {"step": 3})


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP)}
    asked: list[int] = []
    monkeypatch.setattr(module, "ask_to_save", lambda: asked.append(1))
    as_ctrl_c()
    yield asked
    for number, handler in before.items():
        signal.signal(number, handler)


def training(folder: Path, seconds: float, *names: str) -> Sweep:
    """A sweep in which a base model and these trials run."""
    sweep = make_sweep(make_spec(), folder)
    limits = LimitsConfig(grace_seconds=seconds)
    sweep.spec = sweep.spec.model_copy(update={"limits": limits})
    for name in ("base", *names):
        entry = SimpleNamespace(trial=name, is_base=name == "base")
        sweep.running[name] = SimpleNamespace(task=SimpleNamespace(entry=entry))  # type: ignore[assignment]
    return sweep


def wait(sweep: Sweep, number: int, saves: str = "") -> float:
    """Seconds from the signal to the end; one trial writes a checkpoint meanwhile."""
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        train(sweep, number, saves)
    return time.monotonic() - began


def train(sweep: Sweep, number: int, saves: str, times: int = 1, seconds: float = 5) -> None:
    with saving(sweep):
        for _ in range(times):
            os.kill(os.getpid(), number)
        if saves:
            report = Report(3, 8, {}, 1.0, checkpoint=CHECKPOINT)
            sweep.observers.tell("reported", SimpleNamespace(trial=saves), report)
        time.sleep(seconds)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_it_ends_once_all_have_written_one(asked: list[int], tmp_path: Path, number: int) -> None:
    assert wait(training(tmp_path, 60, "a"), number, saves="a") < 2
    assert asked == [1]


def test_it_waits_for_the_others_as_long_as_it_may(asked: list[int], tmp_path: Path) -> None:
    sweep = training(tmp_path, 0.6, "a", "b")
    assert 0.6 <= wait(sweep, signal.SIGTERM, saves="a") < 3
    assert sweep.interrupted.is_set()  # nothing new begins


def test_a_second_one_ends_at_once(tmp_path: Path) -> None:
    sweep = training(tmp_path, 60, "a")
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        train(sweep, signal.SIGTERM, "", times=2)
    assert time.monotonic() - began < 2


def test_no_grace_is_asked_for(asked: list[int], tmp_path: Path) -> None:
    assert wait(training(tmp_path, 0, "a"), signal.SIGTERM) < 2
    assert asked == []


def test_all_that_ran_ended_meanwhile(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(training(tmp_path, 60, "a"), signal.SIGTERM, "", seconds=0)


def test_where_nobody_asks_nothing_is_different(tmp_path: Path) -> None:
    with saving(training(tmp_path, 60, "a")):
        pass
