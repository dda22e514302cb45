"""Real toy trials through Ray Tune, in one Ray of this module's own."""

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
from sweeps.control.sweep import Sweep
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import records
from trainables.context import Report

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = [ROOT / name for name in ("sweeps", "search_spaces", "cluster", "trainables")]
ONE = Placement(1, 0, 1, "one at a time")


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEDSWEEP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", "1")
        running = connect(ClusterConfig(), PACKAGES)
        yield running
        running.close()


class Watch:
    """Notes the worker's process at every report; may do something there."""

    def __init__(self, session: Session) -> None:
        self.session, self.pids, self.seen = session, set[int](), 0

    def started(self, entry: Any) -> None:
        pass

    def reported(self, entry: Any, report: Report) -> None:
        self.pids |= workers(self.session)
        self.seen += 1
        self.act(entry, report)

    def act(self, entry: Any, report: Report) -> None:
        pass

    def finished(self, entry: Any, record: dict[str, Any]) -> None:
        pass

    def close(self) -> None:
        pass


def workers(session: Session, actor: str = "TuneWorker") -> set[int]:
    """Processes of this session's own raylet that hold a trial."""
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if actor in child.cmdline()[0]:
                found.add(child.pid)
        except (psutil.Error, IndexError):
            continue
    return found


def make_sweep(folder: Path, rates: list[float], watch: Watch, steps: int = 8) -> Sweep:
    trial = {
        "kind": "sft",
        "model": {"name_or_path": "toy:llama", "dtype": "float32"},
        "data": {"source": "toy:drugs", "system_prompt": None, "limit": 40},
        "lora": {"r": 2, "target_modules": ["q_proj"]},
        "training": {"max_steps": steps, "per_device_train_batch_size": 2, "max_length": 96},
        "evaluation": {"limit": 1, "max_new_tokens": 2, "loss_limit": 2, "metrics": ["rouge"]},
    }
    search = {
        "parameters": {"training.learning_rate": {"values": rates}},
        "sampler": "grid",
        "num_trials": len(rates),
    }
    spec = SweepSpec.model_validate({"name": "t", "trial": trial, "search": search})
    return Sweep(spec, Ledger(folder), [watch])


def steps_of(sweep: Sweep) -> list[int]:
    entry = sweep.ledger.entries()[-1]
    return [line["step"] for line in sweep.ledger.metrics(entry)]


def test_one_process_runs_all_trials_and_a_diverging_one_only_fails(
    session: Session, tmp_path: Path
) -> None:
    from sweeps.tune.driver import run_tune

    class Raises(Watch):
        def act(self, entry: Any, report: Report) -> None:
            raise ConnectionError("no tracker")

    watch, broken = Watch(session), Raises(session)
    sweep = make_sweep(tmp_path, [1e-3, 1e30, 2e-3], watch)
    sweep.observers.add(broken)
    run_tune(sweep, ONE, session.nodes())
    assert sweep.over
    found = {r["parameters"]["training.learning_rate"]: r for r in records(tmp_path).values()}
    assert {rate: r["state"] for rate, r in found.items()} == {
        1e-3: "complete",
        1e30: "failed",
        2e-3: "complete",
    }
    assert "learning rate" in found[1e30]["error"]
    assert {"val_loss", "rouge1", "minutes"} <= found[1e-3]["metrics"].keys()
    assert broken.seen == 1
    assert len(watch.pids) == 1  # kept warm
    bases = list(tmp_path.glob("base/*/record.json"))
    assert len(bases) == 1


@pytest.mark.slow
def test_a_killed_workers_trial_goes_on_in_another_process(
    session: Session, tmp_path: Path
) -> None:
    from sweeps.tune.driver import run_tune

    class Kill(Watch):
        def act(self, entry: Any, report: Report) -> None:
            if not entry.is_base and report.step >= 6 and not self.killed:
                self.killed = workers(session)
                for pid in self.killed:
                    os.kill(pid, signal.SIGKILL)

        killed: set[int] = set()  # noqa: RUF012

    watch = Kill(session)
    sweep = make_sweep(tmp_path, [1e-3], watch, steps=16)
    run_tune(sweep, ONE, session.nodes())
    assert len(watch.killed) == 1
    assert len(watch.pids) == 2
    assert sweep.deaths == {"EXP-001": 1}
    assert records(tmp_path)["EXP-001"]["state"] == "complete"
    steps = steps_of(sweep)
    assert steps == sorted(set(steps))
    assert steps == list(range(1, 17))


@pytest.mark.slow
def test_our_own_error_ends_the_sweep_in_our_words(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sweeps.tune.driver import SweepError, run_tune

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    sweep = make_sweep(tmp_path, [1e-3], Watch(session))
    monkeypatch.setattr(sweep.ledger, "apply", full)
    with pytest.raises(SweepError, match="No space left") as caught:
        run_tune(sweep, ONE, session.nodes())
    assert isinstance(caught.value.__cause__, OSError)
    assert records(tmp_path) == {}


@pytest.mark.slow
def test_ctrl_c_is_ctrl_c(session: Session, tmp_path: Path) -> None:
    """Last here: what it leaves running ends with the session."""
    from sweeps.tune.driver import run_tune

    class Interrupt(Watch):
        def act(self, entry: Any, report: Report) -> None:
            if not entry.is_base and report.checkpoint:
                raise KeyboardInterrupt

    sweep = make_sweep(tmp_path, [1e-3], Interrupt(session))
    with pytest.raises(KeyboardInterrupt):
        run_tune(sweep, ONE, session.nodes())
    assert records(tmp_path) == {}
    assert sweep.ledger.checkpoint(sweep.ledger.entries()[-1]) is not None


def test_no_secret_is_copied_into_runtime_environments() -> None:
    """Ray logs them in plain text."""
    from ray.tune.execution.class_cache import ENV_VARS_TO_PROPAGATE

    assert not [name for name in ENV_VARS_TO_PROPAGATE if name.startswith("AWS_")]
