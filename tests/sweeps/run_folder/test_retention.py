"""Which checkpoints stay, and a run folder that keeps within its limit."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.sweep import Sweep
from sweeps.failures.disk_full import DiskFullError, is_full, told
from sweeps.run_folder.disk_limit import (
    LINES,
    NUMBER,
    NUMBER_AS_JSON,
    DiskLimit,
    OverLimitError,
    taken,
    written_bytes,
)
from sweeps.run_folder.entry import Entry, State
from sweeps.run_folder.ledger import Ledger
from sweeps.run_folder.retention import REMOVED, settle, steps_of
from sweeps.spec.sections import KeepCheckpoints, LimitsConfig
from tests.sweeps.fakes import Drive, FakePreparation, make_spec, records, tensors, trial
from trainables.context import Report
from trainables.evaluation.row_results import table_of
from trainables.saved import Checkpoint, SavedAdapter

STOPPING = {"kind": "asha", "grace": 0.1}


@pytest.fixture(autouse=True)
def _no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)


def sweep_of(folder: Path, **limits: Any) -> Sweep:
    spec = make_spec(num_trials=6, early_stopping=STOPPING)
    return Sweep(spec.model_copy(update={"limits": LimitsConfig(**limits)}), Ledger(folder))


def moments(folder: Path) -> list[bytes]:
    return [f.read_bytes() for f in folder.glob("checkpoint/step-*/optimizer.safetensors")]


@pytest.mark.parametrize("keep", ["newest", "none", "all"])
def test_what_stays_of_trials_that_ended(tmp_path: Path, keep: KeepCheckpoints) -> None:
    sweep = sweep_of(tmp_path, keep_checkpoints=keep)
    Drive(sweep).run()
    assert {r["state"] for r in records(tmp_path).values()} == {"complete", "stopped"}
    for name in records(tmp_path):
        folder = tmp_path / "trials" / name
        assert (folder / "adapter/adapter_model.safetensors").stat().st_size > 0
        assert len(steps_of(folder)) == (0 if keep == "none" else 1)
        assert [m == REMOVED for m in moments(folder)] == {
            "newest": [True],
            "none": [],
            "all": [False],
        }[keep]
        entry = next(e for e in sweep.ledger.entries() if e.trial == name)
        whole = sweep.ledger.checkpoint(entry) is not None
        assert whole == (keep == "all")  # nothing takes one without moments for whole


@pytest.mark.parametrize("state", ["failed", "infeasible"])
def test_what_may_be_run_again_keeps_its_checkpoint(tmp_path: Path, state: State) -> None:
    sweep = sweep_of(tmp_path, keep_checkpoints="none")
    assert sweep.next_task() is not None
    sweep.on_failure(next(iter(sweep.running)), "the base model is of no interest here")
    task = sweep.next_task()
    assert task is not None
    reports = trial(task)
    for _ in range(2):
        sweep.on_report(task.entry.trial, next(reports))
    sweep.on_failure(task.entry.trial, "no room", state)
    again = sweep_of(tmp_path, keep_checkpoints="none")
    again.restore(retry_failed=True)
    found = {entry.trial: saved for entry, saved in again.waiting}
    saved = found["EXP-001"]
    assert saved is not None
    assert saved.step == 2


def test_a_driver_killed_in_between_does_it_when_it_is_resumed(tmp_path: Path) -> None:
    Drive(sweep_of(tmp_path, keep_checkpoints="all")).run()  # as if none had been settled
    assert REMOVED not in moments(tmp_path / "trials/EXP-001")
    sweep_of(tmp_path).restore()  # nothing is left to do: nothing is touched
    assert REMOVED not in moments(tmp_path / "trials/EXP-001")
    spec = make_spec(num_trials=7, early_stopping=STOPPING)
    Sweep(spec, Ledger(tmp_path)).restore()
    for name in records(tmp_path):
        assert moments(tmp_path / "trials" / name) == [REMOVED]


def test_settling_twice_changes_nothing(tmp_path: Path) -> None:
    Drive(sweep_of(tmp_path)).run()
    folder = tmp_path / "trials/EXP-001"
    (file,) = folder.glob("checkpoint/*/optimizer.safetensors")
    before = file.stat().st_ino
    settle(folder, "complete", "newest")
    assert file.stat().st_ino == before


@pytest.mark.parametrize(("state", "kept"), [("complete", False), ("failed", True)])
def test_results_row_by_row_leave_the_state_of_what_ended(
    tmp_path: Path, state: State, kept: bool
) -> None:
    ledger, entry = Ledger(tmp_path), Entry("EXP-001", 1, {"kind": "sft"})
    rows = table_of("validation", ["a"], ["a"], ["x"], {"nats": [1.0]})
    saved = Checkpoint(tensors("a"), tensors("m"), {"step": 1, "best_rows": [rows]})
    ledger.apply(entry, Report(1, 2, {}, 1.0, checkpoint=saved))
    for _ in range(2):
        settle(ledger.path(entry), state, "newest")
        (found,) = ledger.path(entry).glob("checkpoint/*/state.json")
        assert ("best_rows" in json.loads(found.read_text())) == kept
        assert json.loads(found.read_text())["step"] == 1


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    Drive(sweep_of(tmp_path)).run()
    folder = tmp_path / "trials/EXP-001"
    for name in ("notes", "step-5", "steps", "step-00000001-best"):
        (folder / "checkpoint" / name).mkdir()
    settle(folder, "complete", "none")
    left = sorted(path.name for path in (folder / "checkpoint").iterdir())
    assert left == ["notes", "step-00000001-best", "step-5", "steps"]


# --- limits.disk_gb ----------------------------------------------------------------------------


def ended(folder: Path, number: int, state: str, size: int = 1000) -> Path:
    own = folder / "trials" / f"EXP-{number:03d}"
    step = own / "checkpoint/step-00000008"
    step.mkdir(parents=True)
    (step / "adapter.safetensors").write_bytes(bytes(size))
    (own / "record.json").write_text(json.dumps({"state": state}))
    os.utime(own / "record.json", (number, number))
    return step


def test_the_oldest_finished_trials_make_room(tmp_path: Path) -> None:
    first, second = ended(tmp_path, 2, "stopped"), ended(tmp_path, 1, "failed")
    third, fourth = ended(tmp_path, 3, "complete"), ended(tmp_path, 4, "complete")
    limit = DiskLimit(tmp_path, (taken(tmp_path) + 500) / 1e9)
    limit.make_room(500)
    assert all(step.exists() for step in (first, second, third, fourth))
    limit.make_room(500)  # what was announced before was not written: there is room
    assert first.exists()
    limit.make_room(501)
    assert [s.exists() for s in (first, second, third, fourth)] == [False, True, True, True]
    limit.make_room(2501)
    assert [s.exists() for s in (first, second, third, fourth)] == [False, True, False, False]
    with pytest.raises(OverLimitError, match=r"limits\.disk_gb"):
        limit.make_room(10_000)
    assert second.exists()  # its trial may be run again


def test_without_a_limit_nothing_goes(tmp_path: Path) -> None:
    step = ended(tmp_path, 1, "complete")
    DiskLimit(tmp_path, None).make_room(10**15)
    assert step.exists()


def test_what_a_report_takes() -> None:
    frozen = {"reward_model": SavedAdapter({}, b"789")}
    saved = Checkpoint(b"12", b"3456", {"step": 1}, frozen=frozen)
    best = SavedAdapter({}, b"0123456789")
    assert written_bytes(Report(1, 2, {}, 1.0, checkpoint=saved, adapter=best)) == LINES + 19
    state = {"step": 1, "finished": [{}], "stage_step": 0}  # goes into stages/ too
    left = Checkpoint(b"12", b"3456", state)
    assert written_bytes(Report(1, 2, {}, 1.0, checkpoint=left)) == 2 * (LINES + 6)
    answers = ({"id": "1", "prediction": "five", "score": 3},)
    assert written_bytes(Report(1, 2, {}, 1.0, predictions=answers)) == LINES + 5
    rows = [table_of("validation", ["a"] * 9, ["a"] * 9, [], {"nats": [1.0] * 9})]
    assert written_bytes(Report(1, 2, {}, 1.0, rows=tuple(rows))) == LINES + 27 * NUMBER
    saved = Checkpoint(b"12", b"3456", {"step": 1, "best_rows": rows})
    assert written_bytes(Report(1, 2, {}, 1.0, checkpoint=saved)) == LINES + 6 + 27 * NUMBER_AS_JSON


def test_a_sweep_at_its_limit_stops_and_goes_on_with_more(tmp_path: Path) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "limited"
    Drive(sweep_of(whole)).run()
    sweep = sweep_of(folder, disk_gb=taken(whole) / 3 / 1e9)
    with pytest.raises(DiskFullError, match="--disk-gb") as caught, told(folder):
        Drive(sweep).run()
    assert is_full(caught.value.__cause__)
    assert taken(folder) <= taken(whole) / 3
    assert len(records(folder)) < 6
    again = sweep_of(folder, disk_gb=1)
    again.restore()
    Drive(again).run()
    states = {name: (r["state"], r["metrics"]) for name, r in records(whole).items()}
    assert {name: (r["state"], r["metrics"]) for name, r in records(folder).items()} == states


@pytest.mark.parametrize("keep", ["newest", "none", "all"])
def test_what_a_link_leads_to_is_anothers(tmp_path: Path, keep: KeepCheckpoints) -> None:
    own, others = tmp_path / "trial/checkpoint", tmp_path / "others/step-00000004"
    own.mkdir(parents=True)
    others.mkdir(parents=True)
    (others / "optimizer.safetensors").write_bytes(b"moments")
    (own / "step-00000004").symlink_to(others)
    (own / "step-00000002").write_bytes(b"a file")
    settle(tmp_path / "trial", "complete", keep)
    assert (others / "optimizer.safetensors").read_bytes() == b"moments"
    assert (own / "step-00000002").read_bytes() == b"a file"


@pytest.mark.parametrize("keep", ["newest", "none"])
def test_a_folder_of_checkpoints_may_be_a_link(tmp_path: Path, keep: KeepCheckpoints) -> None:
    elsewhere = tmp_path / "large disk"
    for name in ("step-00000004", "checkpoint-4", "step-4", "mine"):
        (elsewhere / name).mkdir(parents=True)
        (elsewhere / name / "optimizer.safetensors").write_bytes(b"moments")
    (tmp_path / "trial").mkdir()
    (tmp_path / "trial/checkpoint").symlink_to(elsewhere)
    settle(tmp_path / "trial", "complete", keep)
    kept = {f.parent.name for f in elsewhere.glob("*/*") if f.read_bytes() == b"moments"}
    assert kept == {"checkpoint-4", "step-4", "mine"}
