"""Whatever a tracker does, the driver goes on: never blocked, never raised at, always closed."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.spec.sections import TrackingConfig
from sweeps.tracking.lane import FAILURES_ALLOWED
from sweeps.tracking.queue import TRACKERS, TrackerQueue, make_trackers
from sweeps.tracking.tracker import SweepInfo, TrialInfo

RUN = SweepInfo("s", Path("run"), {}, {})
TRIAL = TrialInfo("EXP-001", None, {}, {})


class Remembering:
    """Keeps what it is told; `hold` makes it wait until `let_go` is set."""

    def __init__(self, hold: bool = False) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.entered, self.let_go = threading.Event(), threading.Event()
        self.abandoned = False
        if not hold:
            self.let_go.set()

    def _keep(self, *event: Any) -> None:
        self.entered.set()
        self.let_go.wait()
        self.told.append(event)

    def sweep_started(self, run: SweepInfo) -> None:
        self._keep("sweep", run.name)

    def trial_started(self, trial: TrialInfo) -> None:
        self._keep("start", trial.trial_id)

    def metrics(self, trial_id: str, step: int, values: dict[str, Any]) -> None:
        self._keep("metrics", step, values)

    def trial_finished(self, trial_id: str, record: dict[str, Any], adapter: Path | None) -> None:
        self._keep("finish", trial_id)

    def close(self) -> None:
        self._keep("close")

    def abandon(self) -> None:
        self.abandoned = True
        self.let_go.set()


class Raising(Remembering):
    def _keep(self, *event: Any) -> None:
        super()._keep(*event)
        raise OSError("disk on fire")


@pytest.fixture
def held() -> Iterator[Remembering]:
    tracker = Remembering(hold=True)
    yield tracker
    tracker.let_go.set()


def test_events_arrive_in_order_and_copied() -> None:
    tracker = Remembering()
    queue = TrackerQueue({"t": tracker})
    values = {"val_loss": 1.0}
    queue.sweep_started(RUN)
    queue.trial_started(TRIAL)
    queue.metrics("EXP-001", 1, values)
    values["val_loss"] = 2.0
    queue.trial_finished("EXP-001", {}, None)
    queue.close(5)
    queue.close(5)
    queue.metrics("EXP-001", 2, {})
    assert tracker.told == [
        ("sweep", "s"),
        ("start", "EXP-001"),
        ("metrics", 1, {"val_loss": 1.0}),
        ("finish", "EXP-001"),
        ("close",),
    ]


def test_a_full_queue_drops_the_oldest_metrics_only(held: Remembering) -> None:
    warnings: list[str] = []
    queue = TrackerQueue({"t": held}, maxsize=3, warn=warnings.append)
    queue.sweep_started(RUN)
    assert held.entered.wait(5)
    queue.trial_started(TRIAL)
    for step in range(5):
        queue.metrics("EXP-001", step, {})
    for _ in range(4):
        queue.trial_finished("EXP-001", {}, None)
    held.let_go.set()
    queue.close(5)
    assert [event[0] for event in held.told] == ["sweep", "start", *["finish"] * 4, "close"]
    assert queue.dropped == 5
    assert warnings == ["t was too slow for 5 lines of metrics"]


def test_what_is_dropped_is_the_oldest(held: Remembering) -> None:
    queue = TrackerQueue({"t": held}, maxsize=2, warn=lambda _: None)
    queue.sweep_started(RUN)
    assert held.entered.wait(5)
    for step in range(5):
        queue.metrics("EXP-001", step, {})
    held.let_go.set()
    queue.close(5)
    assert [event[1] for event in held.told if event[0] == "metrics"] == [4] or queue.dropped == 4
    assert queue.dropped in (3, 4)  # the close event may need the room of one more


def test_sending_to_a_hanging_tracker_takes_no_time(held: Remembering) -> None:
    queue = TrackerQueue({"t": held}, maxsize=1000, warn=lambda _: None)
    took = []
    for step in range(3000):
        started = time.perf_counter()
        queue.metrics("EXP-001", step, {"val_loss": 1.0})
        took.append(time.perf_counter() - started)
    assert sorted(took)[len(took) // 2] < 1e-3
    assert sum(took) < 1.0


def test_closing_a_hanging_tracker_is_bounded_and_others_are_served(held: Remembering) -> None:
    warnings: list[str] = []
    other = Remembering()
    queue = TrackerQueue({"slow": held, "fast": other}, warn=warnings.append)
    queue.sweep_started(RUN)
    started = time.monotonic()
    queue.close(0.3)
    assert 0.25 < time.monotonic() - started < 2
    assert held.abandoned
    assert not other.abandoned
    assert other.told == [("sweep", "s"), ("close",)]
    [warning] = warnings
    assert warning.startswith("slow tracking did not finish")


def test_a_raising_tracker_is_told_once_and_then_left_out() -> None:
    warnings: list[str] = []
    tracker, other = Raising(), Remembering()
    queue = TrackerQueue({"wandb": tracker, "o": other}, warn=warnings.append)
    for step in range(20):
        queue.metrics("EXP-001", step, {})
    queue.close(5)
    assert len(tracker.told) == FAILURES_ALLOWED + 1  # and `close`, which is always tried
    assert tracker.told[-1] == ("close",)
    assert len(other.told) == 21
    first, last = warnings
    assert "disk on fire" in first
    assert "tracking.wandb" in first
    assert "now off" in last


def test_the_spec_chooses_the_trackers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def maker(name: str) -> Callable[[Any, Any], Remembering]:
        def make(config: Any, warn: Any) -> Remembering:
            made.append(name)
            return Remembering()

        return make

    for name, path in TRACKERS.items():
        module, _, function = path.partition(":")
        monkeypatch.setattr(f"{module}.{function}", maker(name))
    run = SweepInfo("s", tmp_path, {}, {})
    for tracking in (
        {},
        {"tensorboard": True},
        {"wandb": {"mode": "disabled"}},
        {"wandb": {}, "tensorboard": True},
    ):
        made.append("|")
        make_trackers(TrackingConfig.model_validate(tracking), run).close(5)
    assert "".join(made) == "||tensorboard||wandbtensorboard"


def test_every_registered_tracker_is_a_field_of_the_spec() -> None:
    assert set(TRACKERS) == set(TrackingConfig.model_fields)
