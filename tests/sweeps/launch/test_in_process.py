"""`medsweep trial`: one trial here, without Ray, with plain tracebacks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.task import TrialTask
from sweeps.launch import in_process
from sweeps.reading.loading import LoadedSpec, load_spec
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.errors import SpecError
from tests.sweeps.fakes import FakePreparation, records, trial


@pytest.fixture
def loaded() -> LoadedSpec:
    return load_spec("toy", [])


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    monkeypatch.setattr(in_process, "make_ready", lambda *_: None)
    monkeypatch.setattr(in_process, "quiet_libraries", lambda: None)


def run(
    loaded: LoadedSpec, folder: Path, monkeypatch: pytest.MonkeyPatch, reports: Any, watch: Any
) -> Any:
    def trainer(kind: str) -> Any:
        def train(config: Any, context: Any) -> None:
            for report in reports(context._sweep.running[context._name].task):
                context.report(report)

        return train

    monkeypatch.setattr(in_process, "trainer", trainer)
    return in_process.run_one(loaded, folder, lambda sweep, place: watch, lambda line: None)


def test_the_specs_own_trial_alone(
    loaded: LoadedSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = in_process.single_trial(loaded, tmp_path, None)
    assert alone.spec.name == "toy-trial-1"
    assert alone.spec.trial == loaded.spec.trial
    assert (alone.spec.search.num_trials, alone.spec.search.parameters) == (1, {})
    sweep = run(alone, tmp_path / alone.spec.name, monkeypatch, trial, [])
    assert sweep.over
    found = records(tmp_path / alone.spec.name)
    assert found["EXP-001"]["state"] == "complete"
    assert found["EXP-001"]["parameters"] == {}
    assert in_process.single_trial(loaded, tmp_path, None).spec.name == "toy-trial-2"
    with pytest.raises(SpecError, match="exists"):
        run(alone, tmp_path / alone.spec.name, monkeypatch, trial, [])


def test_what_it_raises_is_raised_and_recorded(
    loaded: LoadedSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(task: TrialTask) -> Iterator[Any]:
        yield from trial(task) if task.entry.is_base else [next(trial(task))]
        if not task.entry.is_base:
            raise ZeroDivisionError("in the middle")

    closed: list[bool] = []

    class Closes:
        def close(self) -> None:
            closed.append(True)

    alone = in_process.single_trial(loaded, tmp_path, "mine")
    with pytest.raises(ZeroDivisionError, match="in the middle"):
        run(alone, tmp_path / "mine", monkeypatch, broken, [])
    record = records(tmp_path / "mine")["EXP-001"]
    assert record["state"] == "failed"
    assert "in the middle" in record["error"]
    assert len(Ledger(tmp_path / "mine").metrics(Ledger(tmp_path / "mine").entries()[1])) == 1
    with pytest.raises(ZeroDivisionError):
        run(alone, tmp_path / "again", monkeypatch, broken, [Closes()])
    assert closed == []  # silenced at its first event: it has no `started`
    long = in_process.replace(loaded, spec=loaded.spec.model_copy(update={"name": "x" * 64}))
    assert len(in_process.single_trial(long, tmp_path, None).spec.name) <= 64
