"""A trial in its thread, without Ray."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from sweeps.failures import hangs
from sweeps.failures.hangs import HangWatch, HungError
from sweeps.failures.raised import Failure, failure
from sweeps.tune import trial_thread
from sweeps.tune.trial_thread import TrialThread, trainer
from tests.sweeps.fakes import TRIAL
from trainables.context import Report
from trainables.heartbeat import HEART, beat
from trainables.saved import TrialFailed, TrialStopped

Body = Callable[[Any, Any], None]
Start = Callable[[Body], TrialThread]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    def make(body: Body) -> TrialThread:
        monkeypatch.setattr(trial_thread, "trainer", lambda kind: body)
        return TrialThread("sft", TRIAL, None, None)  # type: ignore[arg-type]

    return make


def report(step: int, final: bool = False, rung: float | None = 0.5) -> Report:
    return Report(step, 4, {"val_loss": 1.0}, 1.0, rung=None if final else rung, final=final)


def test_one_report_at_a_time(start: Start) -> None:
    done: list[int] = []

    def body(config: Any, context: Any) -> None:
        for step in (1, 2, 3):
            done.append(step)
            context.report(report(step))
        context.report(report(4, final=True))

    thread = start(body)
    first = thread.next()
    assert isinstance(first, Report)
    time.sleep(0.05)
    assert done == [1]  # it waits until more is asked for
    steps = [thread.next() for _ in range(3)]
    assert [r.step for r in steps if isinstance(r, Report)] == [2, 3, 4]
    assert thread.stop()


def test_lines_of_training_loss_do_not_wait(start: Start) -> None:
    done: list[int] = []

    def body(config: Any, context: Any) -> None:
        for step in (1, 2, 3):
            context.report(report(step, rung=0.5 if step == 3 else None))
            done.append(step)
        context.report(report(4, final=True))

    thread = start(body)
    steps = [thread.next()]
    time.sleep(0.05)
    assert done == [1, 2]
    steps += [thread.next() for _ in range(2)]
    time.sleep(0.05)
    assert done == [1, 2]  # the third waits until it is known what became of it
    steps.append(thread.next())
    assert [r.step for r in steps if isinstance(r, Report)] == [1, 2, 3, 4]
    assert thread.stop()


def test_stopped_while_it_waits_in_report(start: Start) -> None:
    seen: list[str] = []

    def body(config: Any, context: Any) -> None:
        try:
            context.report(report(1))
        except TrialStopped:
            seen.append("stopped")
            raise
        seen.append("went on")

    thread = start(body)
    thread.next()
    assert thread.stop()
    assert seen == ["stopped"]


def test_stopped_before_it_started(start: Start) -> None:
    ran: list[int] = []
    thread = start(lambda config, context: ran.append(1))
    assert thread.stop()
    assert ran == []


def test_one_that_hangs_does_not_stop(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_thread, "STOP_SECONDS", 0.05)
    release = threading.Event()

    def body(config: Any, context: Any) -> None:
        try:
            context.report(report(1))
        finally:
            release.wait(10)

    thread = start(body)
    thread.next()
    assert not thread.stop()
    release.set()
    monkeypatch.setattr(trial_thread, "STOP_SECONDS", 10)
    assert thread.stop()


def test_one_that_ends_without_a_final_report_has_failed(start: Start) -> None:
    thread = start(lambda config, context: context.report(report(1)))
    assert isinstance(thread.next(), Report)
    found = thread.next()  # and does not wait for ever
    assert isinstance(found, Failure)
    assert "without its final report" in found.message


def test_one_that_stops_itself_has_failed(start: Start) -> None:
    def body(config: Any, context: Any) -> None:
        raise TrialStopped

    assert isinstance(start(body).next(), Failure)


def test_what_it_raises_is_a_failure(start: Start) -> None:
    def body(config: Any, context: Any) -> None:
        context.report(report(1))
        raise TrialFailed("the gradient was exactly 0")

    thread = start(body)
    thread.next()
    found = thread.next()
    assert isinstance(found, Failure)
    assert found.message == "the gradient was exactly 0"
    assert "TrialFailed" in found.traceback
    assert thread.stop()


def test_a_config_that_is_none_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial_thread, "trainer", lambda kind: lambda config, context: None)
    thread = TrialThread("sft", {"kind": "sft"}, None, None)  # type: ignore[arg-type]
    found = thread.next()
    assert isinstance(found, Failure)
    assert "model" in found.message


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (trial_thread, hangs):
        monkeypatch.setattr(module, "LOOK", 0.02)


def watched(monkeypatch: pytest.MonkeyPatch, body: Body, seconds: float) -> TrialThread:
    monkeypatch.setattr(trial_thread, "trainer", lambda kind: body)
    watch = HangWatch(seconds / 60)
    return TrialThread("sft", TRIAL, None, None, watch)  # type: ignore[arg-type]


@pytest.mark.usefixtures("quick_looks")
def test_one_that_hangs_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()

    def stands_still(config: Any, context: Any) -> None:
        beat()
        context.report(report(3))
        end.wait(20)

    thread = watched(monkeypatch, stands_still, 0.3)
    assert isinstance(thread.next(), Report)
    begun = time.monotonic()
    found = thread.next()
    assert 0.2 < time.monotonic() - begun < 5
    assert isinstance(found, Failure)
    assert (found.poisoned, found.state, found.counts) == (True, "failed", True)
    assert "no progress" in found.message
    assert "at step 3" in found.message
    assert thread.hangs
    end.set()


@pytest.mark.usefixtures("quick_looks")
def test_one_that_is_slow_or_waits_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(config: Any, context: Any) -> None:
        for _ in range(30):  # two seconds without a report, but not without a sign of life
            beat()
            time.sleep(0.07)
        context.report(report(1))
        beat()
        context.report(report(2, final=True))

    thread = watched(monkeypatch, slow, 0.5)
    assert isinstance(thread.next(), Report)
    time.sleep(1.5)  # the driver is busy
    assert isinstance(thread.next(), Report)
    assert not thread.hangs
    assert HEART.longest < 1.2  # that is no part of its pace


def test_the_process_of_one_that_hangs_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeps.tune.worker import TuneWorker

    class Hangs:
        hangs = True

        def next(self) -> Failure:
            return failure(HungError("no progress"))

    def exits(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr("os._exit", exits)
    worker = TuneWorker.__new__(TuneWorker)
    worker._trial = Hangs()
    assert worker.step()["report"].message == "no progress"  # the driver hears it first
    with pytest.raises(SystemExit):
        worker.step()


def test_the_trainer_of_each_kind_is_imported_when_asked_for() -> None:
    with pytest.raises(KeyError):
        trainer("no such kind")
