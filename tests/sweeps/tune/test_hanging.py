"""Trials that really hang, in Ray's workers: alone in a process, and in a pack."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.placement import Placement
from cluster.session import Session
from sweeps.control.sweep import Sweep
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import LimitsConfig
from tests.sweeps.fakes import records
from tests.sweeps.tune.hanging import RATE, STEP, session_with_hanging_trials
from tests.sweeps.tune.test_driver import Watch, make_sweep

ONE = Placement(1, 0, 1, "one at a time")
THREE = Placement(0.3, 0, 3, "three at a time", pack=3)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    with session_with_hanging_trials(tmp_path_factory.mktemp("hanging")) as running:
        yield running


def limited(sweep: Sweep, **limits: Any) -> Sweep:
    spec = sweep.spec.model_copy(update={"limits": LimitsConfig(**limits)})
    return Sweep(spec, Ledger(sweep.ledger.folder))


def by_rate(folder: Path) -> dict[float, dict[str, Any]]:
    return {r["parameters"]["training.learning_rate"]: r for r in records(folder).values()}


def lines_of(sweep: Sweep, name: str) -> list[int]:
    entry = next(e for e in sweep.ledger.entries() if e.trial == name)
    return [line["step"] for line in sweep.ledger.metrics(entry)]


@pytest.mark.slow
def test_a_trial_that_hangs_alone(session: Session, tmp_path: Path) -> None:
    from sweeps.tune.driver import run_tune

    sweep = make_sweep(tmp_path, [RATE, 1e-3], Watch(session))
    sweep = limited(sweep, hang_minutes=0.1, retries=1)
    run_tune(sweep, ONE, session.nodes())
    found = by_rate(tmp_path)
    assert found[1e-3]["state"] == "complete"
    assert found[RATE]["state"] == "failed"
    said = found[RATE]["error"]
    assert said.startswith("its worker died 2 times: it made no progress for 0.1 minutes at step")
    assert "step_done, sitecustomize.py" in said
    assert sweep.deaths == {found[RATE]["trial"]: 2}


@pytest.mark.slow
def test_a_trial_that_hangs_in_a_pack(session: Session, tmp_path: Path) -> None:
    from sweeps.tune.driver import run_tune

    rates = [1e-3, RATE, 2e-3]
    sweep = limited(make_sweep(tmp_path, rates, Watch(session), steps=32), hang_minutes=0.1)
    run_tune(sweep, THREE, session.nodes())
    found = by_rate(tmp_path)
    assert {rate: r["state"] for rate, r in found.items()} == {
        1e-3: "complete",
        RATE: "failed",
        2e-3: "complete",
    }
    assert "2 times: it made no progress for 0.1 minutes at step" in found[RATE]["error"]
    assert {name: n for name, n in sweep.deaths.items() if n} == {found[RATE]["trial"]: 2}
    for rate in (1e-3, 2e-3):  # the others went on, each line once
        assert lines_of(sweep, found[rate]["trial"]) == list(range(1, 33))
    assert max(lines_of(sweep, found[RATE]["trial"]), default=0) <= STEP
