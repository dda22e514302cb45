"""The overhead benchmark: its arithmetic, its specs, and what it refuses to compare."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.overhead import problems, summary
from benchmarks.same_sweep import MODELS, spec
from sweeps.reading.loading import load_spec
from trainables.training.evaluation_times import evaluation_steps


def row(started: float, busy: float, **changes: Any) -> dict[str, Any]:
    fields = {"parameters": {"lora.r": started}, "steps": 24, "state": "complete"}
    return {"started": started, "busy": busy, **fields, **changes}


def test_overhead_is_the_wall_time_that_was_not_busy() -> None:
    rows = [row(0, 2), row(10, 3), row(14, 1), row(17, 1), row(19.5, 50)]
    found = summary("ours", rows, 70.0)
    assert found["overheads_s"] == [8, 1, 2, 1.5]
    assert found["first_overhead_s"] == 8
    assert found["overhead_median_s"] == 1.5
    assert (found["overhead_min_s"], found["overhead_max_s"]) == (1, 2)
    assert found["busy_median_s"] == 1
    assert found["wall_median_s"] == 3


def test_two_trials_say_nothing_of_warm_ones() -> None:
    with pytest.raises(ValueError, match="3 or more"):
        summary("ours", [row(0, 1), row(2, 1)], 4.0)


def test_different_work_is_not_compared() -> None:
    same = [row(0, 1), row(2, 1)]
    assert problems(same, same) == []
    assert problems([row(0, 1, state="failed"), same[1]], same) == ["a trial of medsweep is failed"]
    assert "configurations" in problems(same, [same[1], same[0]])[0]
    assert "steps" in problems(same, [row(0, 1, steps=23), same[1]])[0]


@pytest.mark.parametrize("model", MODELS)
def test_each_spec_is_valid_and_evaluates_four_times(model: str, tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(spec(model, 5)))
    trial = load_spec(path).spec.trial
    steps = trial.training.max_steps
    assert steps is not None
    assert len(evaluation_steps(steps, 10, trial.evaluation.every_epochs)) == 4
    assert steps % 4 == 0  # the plain script evaluates after every quarter
