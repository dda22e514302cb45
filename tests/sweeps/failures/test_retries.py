"""How often a trial whose worker died is run again, and what is said of the last time."""

from pathlib import Path

import pytest

from sweeps.control.sweep import Sweep
from sweeps.failures.out_of_memory import killed_for_memory
from sweeps.failures.retries import follows
from sweeps.run_folder.entry import State
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import LimitsConfig, SweepSpec
from tests.sweeps.fakes import FakePreparation, make_spec, records
from trainables.saved import Checkpoint


@pytest.fixture(autouse=True)
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)


def sweep_with(retries: int, folder: Path) -> Sweep:
    spec = make_spec(num_trials=1).model_copy(update={"limits": LimitsConfig(retries=retries)})
    sweep = Sweep(spec, Ledger(folder))
    base = sweep.next_task()
    assert base is not None
    sweep.on_failure(base.entry.trial, "not of interest here")
    return sweep


@pytest.mark.parametrize("retries", [0, 1, 3])
@pytest.mark.parametrize("state", ["failed", "infeasible"])
def test_a_trial_is_run_again_so_many_times(tmp_path: Path, retries: int, state: State) -> None:
    sweep = sweep_with(retries, tmp_path)
    for _ in range(retries + 1):
        assert records(tmp_path) == {}
        assert sweep.next_task() is not None
        sweep.on_death("EXP-001", "it was killed", state)
    assert sweep.next_task() is None
    record = records(tmp_path)["EXP-001"]
    assert record["state"] == state
    times = f" {retries + 1} times" if retries else ""
    assert record["error"] == f"its worker died{times}: it was killed"


@pytest.mark.parametrize("state", ["failed", "infeasible"])
def test_both_are_run_again_when_one_asks_for_it(tmp_path: Path, state: State) -> None:
    sweep = sweep_with(1, tmp_path)
    assert sweep.next_task() is not None
    sweep.on_failure("EXP-001", "no room", state)
    again = Sweep(sweep.spec, Ledger(tmp_path))
    again.restore()
    assert again.next_task() is None
    again = Sweep(sweep.spec, Ledger(tmp_path))
    again.restore(retry_failed=True)
    assert again.next_task() is not None  # the base model, which failed too
    task = again.next_task()
    assert task is not None
    assert task.entry.trial == "EXP-001"
    assert (tmp_path / "trials/EXP-001/record.failed-1.json").is_file()


def test_a_spec_of_before_has_the_limits_that_held_then() -> None:
    content = make_spec().model_dump(mode="json")
    del content["limits"]
    assert SweepSpec.model_validate(content).limits.retries == 1


@pytest.mark.parametrize(
    ("text", "killed"),
    [
        ("ray.exceptions.OutOfMemoryError: Task was killed", True),
        ("Worker exited due to the node running low on memory.", True),
        ("ray.exceptions.ActorDiedError: The actor died unexpectedly", False),
    ],
)
def test_what_ray_s_monitor_killed(text: str, killed: bool) -> None:
    assert killed_for_memory(text) == killed


@pytest.mark.parametrize(("step", "how"), [(0, "begins again"), (4, "goes on from step 4")])
def test_what_follows_a_death_is_said(step: int, how: str) -> None:
    checkpoint = Checkpoint(b"", b"", {"step": step}) if step else None
    said = follows("it was killed", checkpoint)
    assert said == f"its worker died: it was killed; it {how} in another process"
