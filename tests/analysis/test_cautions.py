"""What the choice of a trial comes with, where it applies."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.best import explain
from analysis.cautions import cautions
from analysis.decision import decided
from tests.analysis import fixtures

COUNTS = {"kept": {"train": 100, "validation": 20, "test": 5}, "tokens": {"longest": 64}}


def told(run_folder: Path) -> list[str]:
    run, choice, _ = decided(run_folder)
    assert choice is not None
    found = list(cautions(run, run.find(choice.trial)))
    assert [line for line in explain(run, choice) if line in found] == found
    return found


@pytest.mark.parametrize(
    ("train", "validation", "said"),
    [
        (5, 1, None),
        (6, 0, "6 of 100 training rows are cut at 64 tokens"),
        (0, 2, "2 of 20 validation rows are cut"),
        (45, 9, "45 of 100 training rows and 9 of 20 validation rows are cut at 64 tokens"),
    ],
)
def test_cut_rows_above_a_twentieth(
    run_folder: Path, train: int, validation: int, said: str | None
) -> None:
    report = {**COUNTS, "truncated": {"train": train, "validation": validation}}
    (run_folder / "data.json").write_text(json.dumps({"k": report}))
    found = told(run_folder)
    assert len(found) == (said is not None)
    assert all(f"Caution: {said}" in line for line in found)


class Trial:
    """A trial's numbers and what was searched."""

    def __init__(self, parameters: dict[str, Any], cut: float) -> None:
        self.parameters, self.metrics = parameters, {"truncated": cut}


class Ran:
    """A run that seeks one reward."""

    def __init__(self, metric: str) -> None:
        self.data: dict[str, Any] = {}
        self.search = {"objective": {"metric": metric, "mode": "max"}}

    def base_of(self, trial: Any) -> None:
        """No base model was measured."""


@pytest.mark.parametrize(
    ("metric", "parameters", "said"),
    [
        ("reward_safety", {"reward.weights.safety": 0.3}, True),
        ("reward_safety", {"stages.2.reward.weights": {"safety": 0.3, "brevity": 1}}, True),
        ("reward_f", {"reward.weights.my.mod:f": 0.3}, True),
        ("reward_safety", {"reward.weights.brevity": 0.3}, False),
        ("reward_safety", {"training.learning_rate": 0.3}, False),
        ("val_loss", {"reward.weights.safety": 0.3}, False),
    ],
)
def test_a_goal_that_is_searched(
    monkeypatch: pytest.MonkeyPatch, metric: str, parameters: dict[str, Any], said: bool
) -> None:
    class Sought:
        def __init__(self) -> None:
            self.metric = metric

    monkeypatch.setattr("analysis.cautions.criteria", lambda search: (Sought(),))
    found: Any = list(cautions(Ran(metric), Trial(parameters, 0.5)))  # type: ignore[arg-type]
    assert len(found) == said
    assert all(f"{metric} is one of the rewards whose weights are searched" in f for f in found)
    found = list(cautions(Ran(metric), Trial({}, 1.0)))  # type: ignore[arg-type]
    assert ["every sampled answer ends at the length limit" in f for f in found] == [True]


@pytest.mark.parametrize(
    ("base", "floor", "said"),
    [
        (1.6569, 0.0, False),
        (0.66, 0.0, False),
        (0.6565, 0.0, True),
        (0.6, 0, True),
        (0.66, 1, True),
    ],
)
def test_a_winner_no_better_than_the_base_model(
    run_folder: Path, base: float, floor: float, said: bool
) -> None:
    record = run_folder / "base" / fixtures.BASE / "record.json"
    content = json.loads(record.read_text())
    content["metrics"]["val_loss"] = base
    content["noise_floor"] = {"val_loss": floor}
    record.write_text(json.dumps(content))
    lines = [line for line in told(run_folder) if "nothing is gained by shipping it" in line]
    assert len(lines) == said
    assert all(f"(Val Loss {base:.4f} → 0." in line for line in lines)
