"""The actor of a pack, without Ray: what its trials hear when the pack hangs."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from sweeps.failures import hangs
from sweeps.failures.raised import Failure
from sweeps.tune import pack_actor
from sweeps.tune.pack_actor import PackActor
from tests.trainables.sft.trials import config, prepared
from trainables.context import Report
from trainables.heartbeat import HEART, beat
from trainables.packing.host import PackHost


class Exited(BaseException):
    """In place of the process's end."""


Run = Callable[[Any, Any], None]


@pytest.fixture
def actor(monkeypatch: pytest.MonkeyPatch) -> PackActor:
    """With a host of its own, not watched yet."""
    for module in (pack_actor, hangs):
        monkeypatch.setattr(module, "LOOK", 0.05)
    made: Future[PackHost] = Future()
    made.set_result(PackHost(capacity=2))
    found = PackActor.__new__(PackActor)
    found._made = made
    return found


def watch(actor: PackActor, seconds: float, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Watch it in a thread; the event is set where the process would end."""
    ended = threading.Event()

    def exits(code: int) -> None:
        ended.set()
        raise Exited

    def run() -> None:
        try:
            actor._watch(seconds / 60)
        except Exited:
            return

    monkeypatch.setattr("os._exit", exits)
    monkeypatch.setattr(hangs.faulthandler, "dump_traceback_later", lambda *a, **k: None)
    threading.Thread(target=run, daemon=True).start()
    return ended


def next_of(actor: PackActor, names: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    threads = [
        threading.Thread(target=lambda n=name: found.update({n: actor.next(n)})) for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


def test_the_one_that_hangs_is_told_from_the_others(
    actor: PackActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()

    def stands_still(config: Any, context: Any) -> None:
        beat()
        context.report(Report(3, 8, {"train_loss": 1.0}, 1.0))
        end.wait(30)

    host = actor._made.result()
    host.open("bad", config(), prepared(), run=stands_still)
    assert isinstance(actor.next("bad"), Report)
    host.open("good", config(), prepared(), run=stands_still)
    ended = watch(actor, 0.5, monkeypatch)
    found = next_of(actor, ["bad", "good"])
    assert ended.wait(20)
    end.set()
    host.close()
    bad, good = found["bad"], found["good"]
    assert isinstance(bad, Failure)
    assert isinstance(good, Failure)
    assert (bad.poisoned, bad.counts, good.poisoned, good.counts) == (True, True, True, False)
    assert "no progress" in bad.message
    assert "at step 3 (in wait, threading.py)" in bad.message
    assert "bad" in good.message


def test_a_call_that_all_share_is_everybody_s(
    actor: PackActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = threading.Event()

    class Stuck:
        model, trials, current = config().model, {"a": None, "b": None}, None

        def step(self, paused: Any) -> list[Any]:
            beat()
            end.wait(30)
            return []

        def close(self) -> None:
            """Nothing to give back."""

    host = actor._made.result()
    for name in "ab":
        host._hosted[name] = pack_host_trial()
    ended = watch(actor, 0.5, monkeypatch)
    with host._changed:
        host.pack = Stuck()  # type: ignore[assignment]
        host._changed.notify_all()
    found = next_of(actor, ["a", "b"])
    assert ended.wait(20)
    end.set()
    assert [found[name].counts for name in "ab"] == [True, True]
    host.pack = None
    host.close()


def pack_host_trial() -> Any:
    from trainables.packing.host import HostedTrial

    return HostedTrial(prepared(), None)


def test_a_host_without_work_does_not_hang(
    actor: PackActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(config: Any, context: Any) -> None:
        for _ in range(20):
            beat()
            time.sleep(0.05)
        context.report(Report(8, 8, {"val_loss": 1.0}, 1.0, final=True))

    HEART.restart()
    host = actor._made.result()
    ended = watch(actor, 0.9, monkeypatch)
    for name in ("first", "second"):
        host.open(name, config(), prepared(), run=slow)
        assert isinstance(actor.next(name), Report)
        assert not ended.wait(1.5)
    assert HEART.longest < 1.2  # the wait for work is no part of the pace
    host.close()
