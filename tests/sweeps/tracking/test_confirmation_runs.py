"""Runs of a confirmation in W&B: their ids have slashes, and they are none of the W&B sweep."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweeps.run_folder.entry import Entry
from sweeps.tracking.observer import TrackingObserver
from sweeps.tracking.tracker import TrialInfo
from sweeps.tracking.wandb_runs import WandbRuns, write_identity

PLACE = {"mode": "online", "project": "p", "entity": None, "log_adapter": True}


class Run(SimpleNamespace):
    """A W&B run that remembers what it was opened with."""

    def finish(self, **_: Any) -> None:
        """Nothing is uploaded."""

    def log(self, *_: Any, **__: Any) -> None:
        """Nothing is kept."""

    def log_artifact(self, artifact: Any) -> None:
        """Its name alone."""
        self.artifacts.append(artifact.name)


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """A trial of the search and two of its confirmation, as they were opened online."""
    import wandb

    runs: list[Run] = []

    def init(**about: Any) -> Run:
        runs.append(Run(summary={}, artifacts=[], **about))
        return runs[-1]

    monkeypatch.setattr(wandb, "init", init)
    write_identity(tmp_path, {"uid": "u1", "sweep": "sw1", "place": [None, "p"]})
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    tracker = WandbRuns(lambda line: None)
    tracker.sweep_started("toy", str(tmp_path), {}, {}, PLACE)
    for name, of in (
        ("EXP-001", None),
        ("EXP-001/seeds/1", "EXP-001"),
        ("EXP-001/seeds/2", "EXP-001"),
    ):
        tracker.trial_started(name, "ours" if of is None else None, {}, {"training.seed": 43}, of)
        tracker.trial_finished(name, {"state": "complete", "metrics": {}}, str(adapter))
    tracker.close(5)
    return runs


def test_ids_and_artifacts_are_valid_and_differ(opened: list[Run]) -> None:
    assert [run.id for run in opened] == ["u1-EXP-001", "u1-EXP-001-seeds-1", "u1-EXP-001-seeds-2"]
    assert [run.name for run in opened] == ["EXP-001", "EXP-001/seeds/1", "EXP-001/seeds/2"]
    artifacts = [name for run in opened for name in run.artifacts]
    assert artifacts == ["toy-EXP-001", "toy-EXP-001-seeds-1", "toy-EXP-001-seeds-2"]


def test_they_are_grouped_with_the_sweep_and_no_trials_of_it(opened: list[Run]) -> None:
    assert {run.group for run in opened} == {"toy"}
    assert [run.job_type for run in opened] == [None, "confirmation", "confirmation"]
    assert [run.settings.sweep_id for run in opened] == ["sw1", None, None]
    assert opened[1].notes == "EXP-001 with a new seed"
    assert (opened[0].notes, opened[0].tags) == ("ours", ["ours"])


def test_the_observer_tells_which_trial_is_trained_again() -> None:
    told: list[TrialInfo] = []
    observer = TrackingObserver(SimpleNamespace(trial_started=told.append), Path())  # type: ignore[arg-type]
    for name in ("EXP-001", "EXP-001/seeds/2"):
        observer.started(Entry(name, 1, {"training": {"seed": 44}}))
    assert [info.of for info in told] == [None, "EXP-001"]
    assert told[1].config == {"training.seed": 44}
