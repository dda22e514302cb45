"""The run folder: whole or absent, whatever happens."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.rows import load_rows
from sweeps.run_folder.entry import Entry
from sweeps.run_folder.ledger import Ledger
from tests.sweeps.fakes import make_checkpoint, tensors
from tests.sweeps.run_folder.deaths import KilledError, killer, snapshot
from trainables.context import Report
from trainables.evaluation.row_results import table_of
from trainables.saved import SavedAdapter

ENTRY = Entry("EXP-001", 1, {"kind": "sft"}, None, {"lora.r": 8}, "base")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path / "run")
    made.open(ENTRY)
    return made


def report(step: int, **rest: Any) -> Report:
    best = {"val_loss": 1 / step}
    return Report(
        step,
        8,
        best,
        float(step),
        0.5 if step == 4 else None,
        make_checkpoint(step, best),
        SavedAdapter({"r": 8}, tensors(f"best {step}")),
        **rest,
    )


def readable(ledger: Ledger, steps: set[int | None]) -> int | None:
    """All files can be read; the checkpoint is one of `steps`; returns it."""
    for name, content in snapshot(ledger.folder).items():
        if name.endswith(".json") and "checkpoint" not in name and "/." not in name:
            json.loads(content)
    found = ledger.checkpoint(ENTRY)
    step = found.step if found else None
    assert step in steps
    if found:
        assert found.adapter == tensors(f"adapter {step}")
        assert found.optimizer == tensors(f"moments {step}")
        assert found.best_adapter is not None
    return step


def test_a_report_is_old_or_new_at_every_death(tmp_path: Path) -> None:
    found = []
    for at in range(100):
        ledger = Ledger(tmp_path / str(at))
        ledger.open(ENTRY)
        ledger.apply(ENTRY, report(2))
        with killer(at) as death:
            try:
                ledger.apply(ENTRY, report(4))
            except KilledError:
                pass
            else:
                assert death.count <= at
                break
        found.append(readable(ledger, {2, 4}))
        if found[-1] == 4:  # then all that it stands for is there, too
            assert [line["step"] for line in ledger.metrics(ENTRY)] == [2, 4]
            assert (tmp_path / str(at) / ENTRY.folder).joinpath(
                "adapter/adapter_model.safetensors"
            ).read_bytes() == tensors("best 4")
    assert found == sorted(found)
    assert set(found) == {2, 4}
    assert len(found) > 10


def test_a_record_is_absent_or_whole_at_every_death(tmp_path: Path) -> None:
    record = {"trial": "EXP-001", "state": "complete"}
    seen = []
    for at in range(20):
        ledger = Ledger(tmp_path / str(at))
        ledger.open(ENTRY)
        with killer(at):
            try:
                ledger.close(ENTRY, record)
            except KilledError:
                seen.append(ledger.record(ENTRY))
            else:
                break
    assert seen[0] is None
    assert all(found in (None, record) for found in seen)
    assert ledger.record(ENTRY) == record


def test_only_the_newest_checkpoint_is_kept(ledger: Ledger) -> None:
    for step in (1, 2, 4):
        ledger.apply(ENTRY, report(step))
    folder = ledger.path(ENTRY, "checkpoint")
    assert [f.name for f in folder.iterdir()] == ["step-00000004"]
    assert sorted(f.name for f in (folder / "step-00000004").iterdir()) == [
        "adapter.safetensors",
        "optimizer.safetensors",
        "state.json",
    ]


@pytest.mark.parametrize("name", ["adapter.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("keep", [0, 4, 9, 30, -1])
def test_a_truncated_checkpoint_is_passed_over(ledger: Ledger, name: str, keep: int) -> None:
    ledger.apply(ENTRY, report(2))
    older = ledger.path(ENTRY, "checkpoint/step-00000002")
    saved = {f.name: f.read_bytes() for f in older.iterdir()}
    ledger.apply(ENTRY, report(4))
    older.mkdir()
    for file, content in saved.items():
        (older / file).write_bytes(content)
    broken = ledger.path(ENTRY, f"checkpoint/step-00000004/{name}")
    whole = broken.read_bytes()
    assert readable(ledger, {4}) == 4
    cut = whole[:keep] if not (name == "state.json" and keep == -1) else whole[:-3]
    broken.write_bytes(cut)
    assert readable(ledger, {2}) == 2
    broken.unlink()
    assert readable(ledger, {2}) == 2
    broken.write_bytes(bytes(len(whole)))  # blocks that were never written
    assert readable(ledger, {2}) == 2


def test_the_line_is_on_the_disk_before_its_checkpoint(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    ledger.apply(ENTRY, report(2))
    assert synced[0] == "metrics.jsonl"
    assert synced[-1].startswith(".state.json")


def test_half_a_line_is_no_line_and_is_cut_off(ledger: Ledger) -> None:
    for step in (1, 2, 4):
        ledger.apply(ENTRY, report(step))
    path = ledger.path(ENTRY, "metrics.jsonl")
    with path.open("a") as stream:
        stream.write('{"step": 5, "train_lo')
    assert [line["step"] for line in ledger.metrics(ENTRY)] == [1, 2, 4]
    kept = path.read_text().splitlines()[:2]
    ledger.cut_back(ENTRY, 2)
    assert path.read_text().splitlines() == kept
    ledger.cut_back(ENTRY, 0)
    assert path.read_text() == ""


def test_a_line_says_where_it_was_measured(ledger: Ledger) -> None:
    ledger.apply(ENTRY, report(4))
    assert ledger.metrics(ENTRY) == [
        {
            "step": 4,
            "planned_steps": 8,
            "progress": 0.5,
            "seconds": 4.0,
            "rung": 0.5,
            "val_loss": 0.25,
        }
    ]


def test_the_final_report_is_no_line(ledger: Ledger) -> None:
    answers = ({"id": "1", "prediction": "µg \ud83d"},)
    ledger.apply(ENTRY, Report(8, 8, {"val_loss": 0.1}, 1.0, predictions=answers, final=True))
    assert ledger.metrics(ENTRY) == []
    lines = ledger.path(ENTRY, "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"id": "1", "prediction": "µg \ud83d"}]


def test_results_row_by_row_are_whole_or_absent_at_every_death(tmp_path: Path) -> None:
    tables = (table_of("validation", ["a", "b"], ["a", "a"], ["x", "y"], {"nats": [0.5, 2.0]}),)
    last = Report(8, 8, {"val_loss": 0.1}, 1.0, rows=tables, final=True)
    found = []
    for at in range(30):
        ledger = Ledger(tmp_path / str(at))
        ledger.open(ENTRY)
        with killer(at) as death:
            try:
                ledger.apply(ENTRY, last)
                ledger.close(ENTRY, {"state": "complete"})
            except KilledError:
                pass
            else:
                assert death.count <= at
                break
        kept = load_rows(ledger.path(ENTRY))
        found.append(kept is not None)
        assert kept is None or kept["validation"].columns["nats"].tolist() == [0.5, 2.0]
        assert found[-1] or ledger.record(ENTRY) is None  # no record without them
    assert set(found) == {True, False}


def test_entries_come_in_order(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for number in (1000, 2, 10, 1):
        ledger.open(Entry(f"EXP-{number:03d}", number, {}))
    ledger.open(Entry("feed", 0, {}))
    (tmp_path / "trials/EXP-011").mkdir()
    (tmp_path / "trials/EXP-011/.config.json.123").write_text('{"trial": ')
    assert [e.number for e in ledger.entries()] == [0, 1, 2, 10, 1000]


def test_a_run_exists_once_its_resolved_spec_does(tmp_path: Path) -> None:
    for at in range(30):
        ledger = Ledger(tmp_path / str(at))
        with killer(at):
            try:
                ledger.create("name: x", {"name": "x"}, {"python": "3"})
            except KilledError:
                continue
            break
    names = {"spec.yaml", "spec.resolved.json", "environment.json", "data.json"}
    assert names == {f.name for f in ledger.folder.iterdir()}
    whole = [f.parent for f in tmp_path.glob("*/spec.resolved.json") if not f.name.startswith(".")]
    assert len(whole) < at + 1
    assert all(names <= {f.name for f in folder.iterdir()} for folder in whole)


def test_data_reports_are_kept_together(tmp_path: Path) -> None:
    ledger, path = Ledger(tmp_path / "run"), tmp_path / "run/data.json"
    ledger.note_data("a", {"rows": 1})
    assert not path.parent.exists()  # the run may still turn out to be impossible
    ledger.create("", {}, {})
    ledger.note_data("b", {"rows": 2})
    assert json.loads(path.read_text()) == {"a": {"rows": 1}, "b": {"rows": 2}}
    Ledger(tmp_path / "run").note_data("c", {"rows": 3})  # after a resume
    assert json.loads(path.read_text()).keys() == {"a", "b", "c"}


def test_frozen_adapters_are_read_back_and_a_checkpoint_without_one_of_its_files_is_not(
    ledger: Ledger,
) -> None:
    frozen = {
        "reference": SavedAdapter({"r": 8}, tensors("reference")),
        "reward_model": SavedAdapter({"r": 4, "task_type": "SEQ_CLS"}, tensors("reward model")),
    }
    whole = replace(report(2), checkpoint=replace(make_checkpoint(2, {}), frozen=frozen))
    ledger.apply(ENTRY, whole)
    found = ledger.checkpoint(ENTRY)
    assert found
    assert found.frozen == frozen
    (weights,) = ledger.folder.rglob("frozen/reference/*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1])
    assert ledger.checkpoint(ENTRY) is None


@pytest.mark.parametrize("content", [b"", b'{"sta', b"[1]", b'"x"', b"1", b"null", b"\xff\xfe"])
def test_a_file_that_is_no_json_object_is_none(ledger: Ledger, content: bytes) -> None:
    ledger.path(ENTRY, "record.json").write_bytes(content)
    assert ledger.record(ENTRY) is None
    ledger.path(ENTRY, "config.json").write_bytes(content)
    assert ledger.entries() == []
