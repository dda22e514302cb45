"""A stage that several trials have in common is trained once, whatever happens to whom."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.shared_stages import SharedStages
from sweeps.control.sweep import Sweep
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.stage_store import StageStore
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import Drive, records
from tests.sweeps.run_folder.deaths import KilledError, killer, snapshot
from tests.sweeps.staged_fakes import SECONDS, TRAINED, fake, make_spec, make_sweep, rates, trial

IN_ORDER = 654  # grid points are shuffled: with this seed into the order written
GRID = {**rates(0, 0.1, 0.2), **rates(1, 0.1, 0.2, 0.3)}


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch)


def drive(spec: SweepSpec, folder: Path, workers: int = 1) -> Drive:
    return Drive(make_sweep(spec, folder, workers), workers, trial).run()


def alone(spec: SweepSpec, folder: Path) -> None:
    """The sweep as it would be if nothing were shared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SharedStages, "_made_keys", lambda self, entry: ())
        drive(spec, folder)
    TRAINED.clear()


def outcome(folder: Path) -> dict[str, Any]:
    """Records, lines and final adapters, without what says who trained them, when and with what."""
    ledger, found = Ledger(folder), {}
    for entry in ledger.entries():
        kept = ledger.path(entry, "adapter/adapter_model.safetensors")
        adapter = kept.read_bytes() if kept.is_file() else None
        found[entry.trial] = (_plain(ledger.record(entry)), ledger.metrics(entry), adapter)
    return found


def _plain(content: Any) -> Any:
    told = {"shared_from", "shared_seconds", "started", "finished", "engine"}
    if isinstance(content, dict):
        return {k: _plain(v) for k, v in content.items() if k not in told}
    return [_plain(inner) for inner in content] if isinstance(content, list) else content


def sources(folder: Path) -> dict[str, list[str | None]]:
    found = records(folder).items()
    return {n: [stage.get("shared_from") for stage in r.get("stages", ())] for n, r in found}


def test_shared_trials_are_as_if_each_had_trained_all_its_stages(tmp_path: Path) -> None:
    spec = make_spec(parameters=GRID, seed=IN_ORDER)
    alone(spec, tmp_path / "alone")
    drive(spec, tmp_path / "shared")
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")
    assert set(TRAINED.values()) == {1}
    first = [(name, step) for name, step in TRAINED if name.count(">") == 1]
    assert len(first) == 2 * 8
    assert len(TRAINED) == 2 * 8 + 6 * 8


def test_a_record_says_from_whom_each_stage_is(tmp_path: Path) -> None:
    drive(make_spec(parameters=GRID, seed=IN_ORDER), tmp_path)
    found = records(tmp_path)
    for one, other in (("EXP-001", "0.1"), ("EXP-004", "0.2")):
        assert str(found[one]["parameters"]["stages.0.training.learning_rate"]) == other
    assert [source for source, _ in sources(tmp_path).values()] == [
        None,
        "EXP-001",
        "EXP-001",
        None,
        "EXP-004",
        "EXP-004",
    ]
    assert [last for _, last in sources(tmp_path).values()] == [None] * 6
    seconds = SECONDS * 8 + 5
    assert "shared_seconds" not in found["EXP-001"]
    assert found["EXP-002"]["shared_seconds"] == seconds
    assert found["EXP-002"]["stages"][0]["shared_seconds"] == seconds
    assert found["EXP-002"]["metrics"]["minutes"] == 2 * seconds / 60  # what it would cost alone


def test_three_stages_share_the_longest_beginning(tmp_path: Path) -> None:
    parameters = {**rates(0, 0.1), **rates(1, 0.1, 0.2), **rates(2, 0.1, 0.2)}
    spec = make_spec(3, parameters=parameters, num_trials=4, seed=9)
    drive(spec, tmp_path)
    assert sources(tmp_path) == {
        "EXP-001": [None, None, None],
        "EXP-002": ["EXP-001", "EXP-001", None],
        "EXP-003": ["EXP-001", None, None],
        "EXP-004": ["EXP-001", "EXP-003", None],
    }
    assert set(TRAINED.values()) == {1}


@pytest.mark.parametrize("path", ["lora.r", "evaluation.every_epochs"])
def test_what_all_stages_depend_on_is_part_of_the_key(tmp_path: Path, path: str) -> None:
    spec = make_spec(parameters={path: {"values": [1, 2]}}, num_trials=2)
    drive(spec, tmp_path)
    assert len(list(tmp_path.glob("stages/*"))) == 2
    assert sources(tmp_path) == {"EXP-001": [None, None], "EXP-002": [None, None]}


def test_others_go_first_while_a_stage_is_trained(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(parameters=GRID, seed=IN_ORDER), tmp_path, 3)
    started = [task.entry.trial for _ in range(3) if (task := sweep.next_task())]
    assert started[1:] == ["EXP-001", "EXP-004"]
    assert sweep.next_task() is None
    assert [entry.trial for entry, _ in sweep.waiting] == [
        "EXP-002",
        "EXP-003",
        "EXP-005",
        "EXP-006",
    ]
    assert not sweep.over


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_workers_never_train_a_stage_twice(tmp_path: Path, workers: int) -> None:
    spec = make_spec(parameters=GRID, seed=IN_ORDER)
    alone(spec, tmp_path / "alone")
    drive(spec, tmp_path / "shared", workers)
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")
    assert set(TRAINED.values()) == {1}


def test_a_sampler_that_learns_is_not_asked_far_ahead(tmp_path: Path) -> None:
    one = {**rates(0, 0.1), "stages.1.training.learning_rate": {"min": 0.1, "max": 0.9}}
    sweep = make_sweep(make_spec(parameters=one, sampler="tpe", num_trials=12), tmp_path, 2)
    while sweep.next_task():
        pass
    assert sweep.number < 5
    drawn = make_sweep(
        make_spec(parameters=one, sampler="random", num_trials=12), tmp_path / "r", 2
    )
    while drawn.next_task():
        pass
    assert drawn.number == 12  # what is drawn depends on nothing
    assert len(drawn.waiting) == 11


def begin(sweep: Sweep, reports: int) -> str:
    """Measure the base, start the first trial, take in so many of its reports."""
    base = sweep.next_task()
    assert base
    sweep.on_report(base.entry.trial, next(trial(base)))
    task = sweep.next_task()
    assert task
    for _, report in zip(range(reports), trial(task), strict=False):
        sweep.on_report(task.entry.trial, report)
    return task.entry.trial


def test_where_the_leader_dies_it_goes_on_first(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(parameters=GRID, seed=IN_ORDER), tmp_path)
    leader = begin(sweep, 4)
    sweep.on_death(leader, "killed")
    assert Drive(sweep, 1, trial).run().started[0] == leader
    assert set(TRAINED.values()) == {1}
    assert sources(tmp_path)["EXP-002"] == ["EXP-001", None]


def test_where_the_leader_fails_another_goes_on_from_where_it_was(tmp_path: Path) -> None:
    sweep = make_sweep(make_spec(parameters=GRID, seed=IN_ORDER), tmp_path)
    leader = begin(sweep, 4)
    sweep.on_failure(leader, "out of memory")
    Drive(sweep, 1, trial).run()
    assert set(TRAINED.values()) == {1}
    found = records(tmp_path)
    assert (found[leader]["state"], found["EXP-002"]["state"]) == ("failed", "complete")
    stage = found["EXP-002"]["stages"][0]
    assert (stage["shared_from"], stage["shared_seconds"]) == (leader, 4 * SECONDS)
    third = found["EXP-003"]["stages"][0]
    assert (third["shared_from"], third["shared_seconds"]) == ("EXP-002", 8 * SECONDS + 5)


def test_the_leader_that_failed_takes_over_what_others_went_on_with(tmp_path: Path) -> None:
    spec = make_spec(parameters=GRID, seed=IN_ORDER)
    sweep = make_sweep(spec, tmp_path)
    leader = begin(sweep, 4)
    sweep.on_failure(leader, "out of memory")
    Drive(sweep, 1, trial).run()
    again = make_sweep(spec, tmp_path)
    again.restore(retry_failed=True)
    assert Drive(again, 1, trial).run().started == [leader]
    assert set(TRAINED.values()) == {1}
    alone(spec, tmp_path / "alone")
    assert outcome(tmp_path / "alone")[leader] == outcome(tmp_path)[leader]


def test_early_stopping_judges_what_was_taken_over(tmp_path: Path) -> None:
    """The worse first stage is trained to the rung where it is stopped, once; the trials that
    share it are stopped there without training."""
    stopping = {"kind": "asha", "grace": 0.25}
    spec = make_spec(parameters=GRID, seed=IN_ORDER, early_stopping=stopping)
    alone(spec, tmp_path / "alone")
    drive(spec, tmp_path / "shared")
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")
    states = [record["state"] for record in records(tmp_path / "shared").values()]
    assert states == ["complete"] * 3 + ["stopped"] * 3
    assert set(TRAINED.values()) == {1}
    fifth = records(tmp_path / "shared")["EXP-005"]
    assert (fifth["steps"], fifth["best_step"]) == (4, 4)  # half of the first of two stages
    assert fifth["metrics"]["minutes"] == 4 * SECONDS / 60
    assert fifth["shared_seconds"] == 4 * SECONDS
    assert (fifth["stage"], fifth["stages"]) == ("a", [])


@pytest.mark.parametrize("write", [(StageStore, "keep"), (Ledger, "apply")])
def test_killed_as_a_stage_is_handed_over(tmp_path: Path, write: tuple[type, str]) -> None:
    """Before it is kept for others, or between that and the trial's own checkpoint of it."""
    spec = make_spec(parameters=GRID, seed=IN_ORDER)
    alone(spec, tmp_path / "alone")
    sweep = make_sweep(spec, tmp_path)
    leader = begin(sweep, 8)
    hand_over = next(r for r in trial(sweep.running[leader].task) if not r.metrics)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*write, _dies)
        with pytest.raises(KilledError):
            sweep.on_report(leader, hand_over)
    TRAINED.clear()
    resumed = make_sweep(spec, tmp_path)
    resumed.restore()
    Drive(resumed, 1, trial).run()
    assert outcome(tmp_path) == outcome(tmp_path / "alone")
    assert sources(tmp_path)[leader] == [None, None]  # of its own work it says nothing
    assert sources(tmp_path)["EXP-002"] == [leader, None]
    assert set(TRAINED.values()) == {1}
    assert len(TRAINED) == 8 + 6 * 8  # the other first stage, and six second ones


def _dies(*_: Any) -> None:
    raise KilledError


@pytest.mark.parametrize(("workers", "stride"), [(1, 13), (3, 29)])
def test_killed_at_any_write(tmp_path: Path, workers: int, stride: int) -> None:
    spec = make_spec(parameters=GRID, seed=IN_ORDER, num_trials=5)
    alone(spec, tmp_path / "alone")
    whole, total = outcome(tmp_path / "alone"), _writes(spec, tmp_path / "counted", workers)
    assert total > 300
    for at in range(0, total, stride):
        here = tmp_path / f"killed-{at}"
        _killed(spec, here, at, workers)
        kept = snapshot(here, "**/record.json")
        TRAINED.clear()
        sweep = make_sweep(spec, here, workers)
        sweep.restore()
        started = Drive(sweep, workers, trial).run().started
        assert outcome(here) == whole, at
        assert max(TRAINED.values(), default=1) == 1, at
        assert not {Path(name).parent.name for name in kept} & set(started), at
        assert kept.items() <= snapshot(here).items(), at


def _killed(spec: SweepSpec, folder: Path, at: int | None, workers: int) -> int:
    with killer(at) as death:
        try:
            drive(spec, folder, workers)
        except KilledError:
            assert at is not None
        return death.count


def _writes(spec: SweepSpec, folder: Path, workers: int) -> int:
    return _killed(spec, folder, None, workers)


def test_a_broken_entry_is_trained_anew(tmp_path: Path) -> None:
    spec = make_spec(parameters=GRID, seed=IN_ORDER, num_trials=1)
    drive(spec, tmp_path)
    for state in tmp_path.glob("stages/*/*/state.json"):
        state.write_text("{")
    TRAINED.clear()
    longer = make_sweep(make_spec(parameters=GRID, seed=IN_ORDER, num_trials=2), tmp_path)
    longer.restore()
    Drive(longer, 1, trial).run()
    assert sources(tmp_path)["EXP-002"] == [None, None]
    assert len(TRAINED) == 16


def test_an_extended_sweep_shares_what_is_there(tmp_path: Path) -> None:
    drive(make_spec(parameters=GRID, seed=IN_ORDER, num_trials=2), tmp_path)
    TRAINED.clear()
    longer = make_sweep(make_spec(parameters=GRID, seed=IN_ORDER, num_trials=3), tmp_path)
    longer.restore()
    Drive(longer, 1, trial).run()
    assert sources(tmp_path)["EXP-003"] == ["EXP-001", None]
    assert len(TRAINED) == 8


def test_lines_are_at_the_share_of_the_trials_own_steps(tmp_path: Path) -> None:
    steps = {"stages.1.training.max_steps": {"values": [8, 24]}}
    drive(make_spec(parameters=steps, num_trials=2), tmp_path)
    ledger = Ledger(tmp_path)
    (last,) = (e for e in ledger.entries() if e.trial == "EXP-002")
    lines = ledger.metrics(last)
    assert sources(tmp_path)["EXP-002"] == ["EXP-001", None]
    assert {line["planned_steps"] for line in lines} == {32}
    assert [line["progress"] for line in lines] == [step / 32 for step in range(1, 33)]


def test_no_file_of_the_store_is_a_pickle_or_half(tmp_path: Path) -> None:
    drive(make_spec(parameters=GRID, seed=IN_ORDER), tmp_path)
    for folder in tmp_path.glob("stages/*"):
        (entry,) = folder.iterdir()
        about = json.loads((entry / "stage.json").read_text())
        assert about["reached"] == [1, 0]
        assert about["trial"] in ("EXP-001", "EXP-004")


def test_a_resume_begins_with_those_under_way(tmp_path: Path) -> None:
    """The trial that failed at once would begin with the stage that another is half through."""
    spec = make_spec(parameters=GRID, seed=IN_ORDER, num_trials=2)
    sweep = make_sweep(spec, tmp_path)
    sweep.on_failure(begin(sweep, 0), "out of memory")
    task = sweep.next_task()
    assert task
    for _, report in zip(range(4), trial(task), strict=False):
        sweep.on_report(task.entry.trial, report)
    resumed = make_sweep(spec, tmp_path)
    resumed.restore(retry_failed=True)
    assert Drive(resumed, 1, trial).run().started == ["EXP-002", "EXP-001"]
    assert sources(tmp_path) == {"EXP-001": ["EXP-002", None], "EXP-002": [None, None]}
    assert set(TRAINED.values()) == {1}
