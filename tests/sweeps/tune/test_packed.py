"""Packed toy trials through Ray Tune: thin trials, one host, and what happens when it dies."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cluster.config import ClusterConfig
from cluster.placement import Placement
from cluster.session import Session
from cluster.targets import connect
from tests.sweeps.fakes import records
from tests.sweeps.tune.test_driver import PACKAGES, Watch, make_sweep
from trainables.context import Report

THREE = Placement(0.3, 0, 3, "three at a time", pack=3)
RATES = [1e-3, 2e-3, 1e30, 4e-3]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDSWEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", "1")
        running = connect(ClusterConfig(), PACKAGES)
        yield running
        running.close()


def processes(name: str) -> set[int]:
    """Ray's processes below this one that hold an actor of a class."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if name in child.cmdline()[0]:
                found.add(child.pid)
        except (psutil.Error, IndexError):
            continue
    return found


def with_torch(pids: set[int]) -> set[int]:
    """Those that have loaded torch."""
    return {pid for pid in pids if "libtorch" in Path(f"/proc/{pid}/maps").read_text()}


class Look(Watch):
    """Notes which processes have torch while all trials run."""

    thin: set[int] = set()  # noqa: RUF012
    torch: set[int] = set()  # noqa: RUF012
    together = 0

    def act(self, entry: Any, report: Report) -> None:
        if not entry.is_base and report.step == 4:
            self.thin |= processes("TuneWorker")
            self.torch |= with_torch(processes("TuneWorker") | processes("PackActor"))
            self.together += 1


def test_packed_trials_are_the_trials(session: Session, tmp_path: Path) -> None:
    from sweeps.tune.driver import run_tune

    watch = Look(session)
    packed = make_sweep(tmp_path / "packed", RATES, watch)
    run_tune(packed, THREE, session.nodes())
    alone = make_sweep(tmp_path / "alone", RATES, Watch(session))
    run_tune(alone, Placement(1, 0, 1, "one at a time"), session.nodes())

    found, expected = records(tmp_path / "packed"), records(tmp_path / "alone")
    assert found.keys() == expected.keys()
    for name, record in found.items():
        assert record["parameters"] == expected[name]["parameters"]
        assert record["state"] == expected[name]["state"]
        if record["state"] == "complete":
            assert record["engine"] == "packed"
            loss = expected[name]["metrics"]["val_loss"]
            assert record["metrics"]["val_loss"] == pytest.approx(loss, rel=1e-4)
        else:
            assert "learning rate" in record["error"]
    assert [r["state"] for r in found.values()].count("failed") == 1
    assert len(list((tmp_path / "packed").glob("base/*/record.json"))) == 1
    assert len(watch.thin) >= 2
    assert len(watch.torch) == 1  # the host alone
    assert not watch.torch & watch.thin


@pytest.mark.slow
def test_trials_of_a_killed_host_go_on_from_their_checkpoints(
    session: Session, tmp_path: Path
) -> None:
    from sweeps.tune.driver import run_tune

    class Kill(Watch):
        killed: set[int] = set()  # noqa: RUF012

        def act(self, entry: Any, report: Report) -> None:
            if not entry.is_base and report.step >= 6 and not self.killed:
                self.killed = processes("PackActor")
                for pid in self.killed:
                    os.kill(pid, signal.SIGKILL)

    watch = Kill(session)
    sweep = make_sweep(tmp_path, [1e-3, 2e-3], watch, steps=16)
    run_tune(sweep, THREE, session.nodes())
    assert len(watch.killed) == 1
    assert sum(sweep.deaths.values()) >= 1
    assert set(sweep.deaths.values()) == {1}
    for name, record in records(tmp_path).items():
        assert record["state"] == "complete", (name, record)
        entry = next(e for e in sweep.ledger.entries() if e.trial == name)
        steps = [line["step"] for line in sweep.ledger.metrics(entry)]
        assert steps == list(range(1, 17))
