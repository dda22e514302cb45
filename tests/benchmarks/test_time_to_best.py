"""The arithmetic of `time_to_best`, its candidates and its specs."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.same_sweep import MODELS
from benchmarks.time_to_best import STEPS, candidates, settled, summary, sweep_spec
from sweeps.reading.loading import load_spec


def row(at: float, val_loss: float, name: int) -> dict[str, Any]:
    return {"at": at, "val_loss": val_loss, "parameters": {"x": name}}


def trial(name: int, *seen: tuple[float, float], steps: int = STEPS) -> dict[str, Any]:
    reports = [{"at": at, "val_loss": loss} for at, loss in seen]
    at, loss = seen[-1]
    own = {"parameters": {"x": name}, "steps": steps, "reports": reports}
    return {**own, "ended": at, "val_loss": loss}


def regret(found: dict[str, Any]) -> float:
    return float(found["parameters"]["x"])


def test_settled_when_the_declared_best_is_good_for_good() -> None:
    rows = [row(12, 3.0, 5), row(15, 2.0, 1), row(19, 1.0, 0), row(25, 4.0, 9)]
    assert settled(rows, 10, regret, tolerance=0) == 9
    assert settled(rows, 10, regret, tolerance=1) == 5
    assert settled(rows[::-1], 10, regret, tolerance=1) == 5


def test_a_worse_candidate_declared_later_counts_from_there() -> None:
    lucky = [row(12, 2.0, 0), row(15, 1.5, 7)]
    assert settled(lucky, 10, regret, tolerance=1) is None
    assert settled([*lucky, row(18, 1.0, 1)], 10, regret, tolerance=1) == 8
    assert settled([], 10, regret, tolerance=1) is None


def test_a_row_an_arm_against_plain_asha() -> None:
    full = [
        trial(1, (104, 3.6), (110, 3.0)),
        trial(2, (114, 2.0), (120, 1.0)),
        trial(3, (124, 2.5), (130, 2.0)),
    ]
    stopped = [
        trial(1, (208, 3.5), (215, 3.1)),
        trial(2, (220, 1.9), (230, 1.05)),
        trial(3, (234, 9.0), steps=6),
    ]
    arms = {
        "plain": (100.0, 31.0, full),
        "plain + ASHA": (200.0, 40.0, stopped),
        "packed + ASHA": (300.0, 10.0, [trial(2, (305, 1.8), (308, 1.1))]),
    }
    rows = summary({"arms": arms, "seeds": [1.0, 1.2, 1.1]})
    assert [r["seconds"] for r in rows] == [14, 20, 5]
    assert [r["times_as_fast"] for r in rows] == [1.43, 1, 4]
    assert [r["ended_s"] for r in rows] == [20, 30, 8]
    assert [r["ended_times_as_fast"] for r in rows] == [1.5, 1, 3.75]
    assert [r["sweep_times_as_fast"] for r in rows] == [1.29, 1, 4]
    assert [(r["ended"], r["steps"]) for r in rows] == [(3, 72), (2, 54), (1, 24)]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("pack", [1, 8])
def test_every_way_has_the_same_candidates(model: str, pack: int, tmp_path: Path) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(sweep_spec(model, 16, pack)))
    found = load_spec(path).spec
    assert found.trial.training.max_steps == STEPS
    assert found.cluster.trials_per_gpu == pack
    points = candidates(found.search)
    assert len({json.dumps(point) for point in points}) == 16
    path.write_text(json.dumps(sweep_spec(model, 4, 1)))
    assert candidates(load_spec(path).spec.search) == points[:4]
