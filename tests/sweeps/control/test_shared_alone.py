"""A reward model that starts fresh is trained once, wherever it stands and whatever happens."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.sweep import Sweep
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.stage_store import StageStore
from sweeps.spec.sections import SweepSpec
from tests.sweeps.control.test_shared_stages import (
    _dies,
    _killed,
    _writes,
    alone,
    begin,
    drive,
    outcome,
    sources,
)
from tests.sweeps.fakes import Drive, records
from tests.sweeps.run_folder.deaths import KilledError, snapshot
from tests.sweeps.staged_fakes import (
    SECONDS,
    TRAINED,
    fake,
    make_rewarded,
    make_sweep,
    rates,
    trial,
)
from trainables.context import Report

IN_ORDER = 5  # grid points are shuffled: with this seed into the order written
MODEL = ">0.7"  # what the fake calls the reward model


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch)


def spec_of(order: str = "aRb", parameters: Mapping[str, Any] | None = None, **search: Any) -> Any:
    searched = parameters or rates(0, 0.1, 0.2, 0.3)
    return make_rewarded(
        order, parameters=searched, **{"num_trials": 3, "seed": IN_ORDER, **search}
    )


def trained() -> list[int]:
    """The steps of the reward model that were trained, sorted."""
    return sorted(step for name, step in TRAINED.elements() if name == MODEL)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_behind_a_searched_stage_it_is_trained_once(tmp_path: Path, workers: int) -> None:
    alone(spec_of(), tmp_path / "alone")
    drive(spec_of(), tmp_path / "shared", workers)
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")
    assert trained() == list(range(1, 9))
    assert set(TRAINED.values()) == {1}


def test_a_record_says_whose_it_is_and_what_it_would_cost(tmp_path: Path) -> None:
    drive(spec_of(), tmp_path)
    assert sources(tmp_path) == {
        "EXP-001": [None, None, None],
        "EXP-002": [None, "EXP-001", None],
        "EXP-003": [None, "EXP-001", None],
    }
    second, seconds = records(tmp_path)["EXP-002"], SECONDS * 8 + 5
    assert second["shared_seconds"] == seconds
    assert second["metrics"]["minutes"] == 3 * seconds / 60
    lines = Ledger(tmp_path).metrics(
        next(e for e in Ledger(tmp_path).entries() if e.trial == "EXP-002")
    )
    assert [line["step"] for line in lines] == list(range(1, 25))


@pytest.mark.parametrize("order", ["abRc", "aRbc", "Rabc", "aRRb"])
def test_wherever_it_stands(tmp_path: Path, order: str) -> None:
    if order == "aRRb":
        content = spec_of().model_dump(mode="json")
        stages = content["trial"]["stages"]
        second = {**stages[1], "name": "r2"}
        content["trial"]["stages"] = [*stages[:2], second, stages[2]]
        spec = SweepSpec.model_validate(content)
    else:
        first = order.index("a")
        spec = spec_of(order, rates(first, 0.1, 0.2, 0.3))
    alone(spec, tmp_path / "alone")
    drive(spec, tmp_path / "shared", 2)
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")
    assert trained() == sorted(2 * list(range(1, 9)) if order == "aRRb" else range(1, 9))


def test_a_seed_of_the_policy_is_its_own_behind_a_shared_reward_model(tmp_path: Path) -> None:
    """What no stage has trained yet is made with the seed of the stage that trains it first."""
    for start in ("fresh", "policy"):
        content = spec_of("Rab", {"stages.1.training.seed": {"values": [1, 2, 3]}}).model_dump()
        content["trial"]["stages"][0]["start"] = start
        content["search"]["seed"] = IN_ORDER
        spec = SweepSpec.model_validate(content)
        alone(spec, tmp_path / start / "alone")
        drive(spec, tmp_path / start / "shared")
        assert outcome(tmp_path / start / "shared") == outcome(tmp_path / start / "alone")


def test_what_it_depends_on_is_in_its_key(tmp_path: Path) -> None:
    searched = {
        "stages.1.training.learning_rate": {"values": [0.7, 0.8]},
        "stages.0.training.max_steps": {"values": [4, 8, 16]},
    }
    spec = spec_of(parameters=searched, num_trials=6)
    alone(spec, tmp_path / "alone")
    drive(spec, tmp_path / "shared")
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")
    assert trained() == list(range(1, 9))  # behind stages of any length
    assert TRAINED[(">0.8", 8)] == 1


def test_while_it_is_trained_others_wait_without_a_worker(tmp_path: Path) -> None:
    sweep = make_sweep(spec_of(), tmp_path, 3)
    base = sweep.next_task()
    assert base
    sweep.on_report(base.entry.trial, next(trial(base)))
    tasks = [task for _ in range(2) if (task := sweep.next_task())]
    courses = [trial(task) for task in tasks]
    for _ in range(9):  # to the end of its first stage
        assert not sweep.on_report(tasks[0].entry.trial, next(courses[0]))
    over = [sweep.on_report(tasks[1].entry.trial, next(courses[1])) for _ in range(9)]
    assert over == [False] * 8 + [True]
    assert sweep.next_task().entry.trial == "EXP-003"  # type: ignore[union-attr]
    assert [entry.trial for entry, _ in sweep.waiting] == ["EXP-002"]
    assert sweep.next_task() is None
    for _ in range(9):  # the reward model
        sweep.on_report(tasks[0].entry.trial, next(courses[0]))
    again = sweep.next_task()
    assert again
    assert (again.entry.trial, again.checkpoint.step) == ("EXP-002", 16)  # type: ignore[union-attr]


@pytest.mark.parametrize("after", [9, 13, 17])
def test_where_the_leader_fails_another_goes_on_from_where_it_was(
    tmp_path: Path, after: int
) -> None:
    alone(spec_of(), tmp_path / "alone")
    sweep = make_sweep(spec_of(), tmp_path / "shared", 2)
    leader = begin(sweep, after)
    sweep.on_failure(leader, "out of memory")
    Drive(sweep, 2, trial).run()
    whole, found = outcome(tmp_path / "alone"), outcome(tmp_path / "shared")
    assert {n: found[n] for n in found if n != leader} == {
        n: whole[n] for n in whole if n != leader
    }
    assert len(trained()) == 8
    told = records(tmp_path / "shared")["EXP-002"]["stages"][1]
    assert told.get("shared_from") == (None if after == 9 else leader)


@pytest.mark.parametrize("write", [(StageStore, "keep"), (Ledger, "apply"), (Ledger, "begin")])
def test_killed_as_it_is_handed_over(tmp_path: Path, write: tuple[type, str]) -> None:
    alone(spec_of(), tmp_path / "alone")
    sweep = make_sweep(spec_of(), tmp_path / "shared")
    leader = begin(sweep, 17)
    hand_over = list(trial(sweep.running[leader].task))[17]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*write, _dies)
        with pytest.raises(KilledError):
            _goes_on(sweep, leader, hand_over)
    resumed = make_sweep(spec_of(), tmp_path / "shared")
    resumed.restore(retry_failed=True)
    Drive(resumed, 1, trial).run()
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")


def _goes_on(sweep: Sweep, leader: str, report: Report) -> None:
    """With a report; then the others, which take over what it left."""
    sweep.on_report(leader, report)
    sweep.on_failure(leader, "out of memory")
    Drive(sweep, 1, trial).run()


@pytest.mark.parametrize(("workers", "stride"), [(1, 17), (2, 31)])
def test_killed_at_any_write(tmp_path: Path, workers: int, stride: int) -> None:
    spec = spec_of()
    alone(spec, tmp_path / "alone")
    whole, total = outcome(tmp_path / "alone"), _writes(spec, tmp_path / "counted", workers)
    for at in range(0, total, stride):
        here = tmp_path / f"killed-{at}"
        _killed(spec, here, at, workers)
        kept = snapshot(here, "**/record.json")
        TRAINED.clear()
        sweep = make_sweep(spec, here, workers)
        sweep.restore()
        Drive(sweep, workers, trial).run()
        assert outcome(here) == whole, at
        assert max(TRAINED.values(), default=1) == 1, at
        assert kept.items() <= snapshot(here).items(), at


def test_early_stopping_judges_it_as_if_it_had_been_trained(tmp_path: Path) -> None:
    stopping = {"kind": "asha", "grace": 0.5}
    spec = spec_of(early_stopping=stopping)
    alone(spec, tmp_path / "alone")
    drive(spec, tmp_path / "shared")
    assert outcome(tmp_path / "shared") == outcome(tmp_path / "alone")


def test_an_earlier_run_folder_shares_what_it_has(tmp_path: Path) -> None:
    """There the reward model lies below a key with the stages before it."""
    spec = spec_of(parameters=rates(2, 0.1, 0.2), num_trials=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sweeps.control.shared_stages.alone_keys", lambda config, rows: (None, None))
        drive(spec, tmp_path)
    TRAINED.clear()
    longer = make_sweep(spec_of(parameters=rates(2, 0.1, 0.2), num_trials=2), tmp_path)
    longer.restore()
    Drive(longer, 1, trial).run()
    assert sources(tmp_path)["EXP-002"] == ["EXP-001", "EXP-001", None]
    assert trained() == []
