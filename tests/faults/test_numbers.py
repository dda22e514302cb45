"""Numbers that are none, in one trial of a sweep: it fails once, and says why; the others end."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.task import TrialTask
from sweeps.failures.raised import failure
from tests.sweeps.fakes import Drive, FakePreparation, make_spec, make_sweep, records
from tests.sweeps.fakes import trial as sound
from trainables.context import Report
from trainables.saved import TrialFailed

ODD = "EXP-003"


class Failing(Drive):
    """As the drivers do, tells the sweep of what a trial raises."""

    def run(self) -> "Failing":
        while not self.sweep.over:
            task = self.sweep.next_task()
            if task is None:
                break
            name = task.entry.trial
            self.started.append(name)
            try:
                for report in self.trial(task):
                    if self.sweep.on_report(name, report):
                        break
            except TrialFailed as error:
                found = failure(error)
                self.sweep.on_failure(name, str(error), found.state, found.diverged)
        return self


def swept(folder: Path, monkeypatch: pytest.MonkeyPatch, **odd: Any) -> tuple[list[str], Any]:
    """What was started, and the records, of a sweep whose third trial reports `odd` metrics from
    its second evaluation on (None: leaves one out)."""
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)

    def trial(task: TrialTask) -> Iterator[Report]:
        for report in sound(task):
            if task.entry.trial != ODD or report.step < 2:
                yield report
                continue
            given = {**report.metrics, **odd}
            yield replace(report, metrics={k: v for k, v in given.items() if v is not None})

    driven = Failing(make_sweep(make_spec(), folder), trial=trial).run()
    return driven.started, records(folder)


BAD: dict[str, tuple[dict[str, Any], bool, str]] = {  # metrics, whether it diverged, what is said
    "NaN": ({"val_loss": math.nan}, True, "val_loss is nan"),
    "infinity": ({"val_loss": math.inf}, True, "val_loss is inf"),
    "minus infinity": ({"rouge1": -math.inf}, True, "rouge1 is -inf"),
    "text": ({"val_loss": "1.0"}, False, "val_loss must be a number, got str"),
    "a truth": ({"val_loss": True}, False, "val_loss must be a number, got bool"),
    "a list": ({"val_loss": [1.0]}, False, "val_loss must be a number, got list"),
    "an unknown name": ({"val_los": 1.0}, False, "unknown metric 'val_los'; known: val_loss"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_number_that_is_none_fails_its_trial_alone(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, diverged, said = BAD[case]
    started, found = swept(tmp_path, monkeypatch, **odd)
    assert started.count(ODD) == 1
    assert len(found) == 5
    states = {name: record["state"] for name, record in found.items()}
    assert [name for name, state in states.items() if state == "failed"] == [ODD]
    assert said in found[ODD]["error"]
    assert found[ODD].get("diverged", False) is diverged
    assert all(math.isfinite(v) for record in found.values() for v in record["metrics"].values())


FINE: dict[str, dict[str, Any]] = {
    "minus zero": {"val_loss": -0.0},
    "a huge value": {"val_loss": 1e300},
    "a whole number": {"val_loss": 7},
    "one that appears late": {"rouge2": 0.5},
}


@pytest.mark.parametrize("case", FINE)
def test_a_number_that_is_odd_is_taken(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, found = swept(tmp_path, monkeypatch, **FINE[case])
    assert found[ODD]["state"] == "complete"
    ((name, value),) = FINE[case].items()
    assert found[ODD]["metrics"][name] == value


def test_the_objective_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started, found = swept(tmp_path, monkeypatch, val_loss=None)
    assert started.count(ODD) == 1
    assert found[ODD]["state"] == "failed"
    assert "val_loss" in found[ODD]["error"]
