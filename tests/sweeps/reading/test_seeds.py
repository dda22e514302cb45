"""`search.seeds` becomes the seeds of every training."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec
from tests.conformance.test_kinds import LEAST

RANK = {"lora.r": {"values": [2, 4]}}


def loaded(tmp_path: Path, kind: str = "sft", seed: int | None = None, **search: Any) -> SweepSpec:
    trial = {"kind": kind, **deepcopy(LEAST[kind])}
    if seed is not None:
        trial["training"] = {**trial.get("training", {}), "seed": seed}
    content = {"parameters": RANK, "num_trials": 2, **search}
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps({"name": "x", "trial": trial, "search": content}))
    return load_spec(file).spec


def refused(tmp_path: Path, **search: Any) -> list[Problem]:
    with pytest.raises(SpecError) as told:
        loaded(tmp_path, **search)
    return list(told.value.problems)


@pytest.mark.parametrize(
    ("given", "own", "seeds"),
    [([7, 1], None, (7, 1)), (3, None, (42, 43, 44)), (2, 5, (5, 6)), ([9], None, (9,))],
)
def test_a_list_or_a_count(
    tmp_path: Path, given: Any, own: int | None, seeds: tuple[int, ...]
) -> None:
    search = loaded(tmp_path, seed=own, seeds=given).search
    assert search.seeds == seeds
    assert search.parameters["training.seed"].values == seeds
    assert search.trainings == 2 * len(seeds)


def test_all_stages_have_the_seed(tmp_path: Path) -> None:
    found = loaded(tmp_path, "staged", seeds=2).search.parameters
    assert [path for path in found if path.endswith("training.seed")] == [
        "stages.0.training.seed",
        "stages.1.training.seed",
    ]


def test_num_trials_counts_configurations(tmp_path: Path) -> None:
    """A space of two ranks has two configurations, whatever the seeds."""
    assert loaded(tmp_path, seeds=5).search.trainings == 10
    (problem,) = refused(tmp_path, seeds=5, num_trials=3)
    assert problem.field == "search.num_trials"


@pytest.mark.parametrize(
    ("search", "field"),
    [
        ({"seeds": [1, 1]}, "search.seeds"),
        ({"seeds": []}, "search.seeds"),
        ({"seeds": 0}, "search.seeds"),
        ({"seeds": "three"}, "search.seeds"),
        ({"seeds": [-1]}, "search.seeds"),
        (
            {"seeds": 2, "parameters": {**RANK, "training.seed": {"values": [1, 2]}}},
            "search.parameters.training.seed",
        ),
        (
            {"seeds": 2, "baselines": {"now": {"lora.r": 2, "training.seed": 3}}},
            "search.baselines.now.training.seed",
        ),
    ],
)
def test_what_does_not_go_with_them(tmp_path: Path, search: dict[str, Any], field: str) -> None:
    problems = refused(tmp_path, **search)
    assert any(p.field.startswith(field) for p in problems), [str(p) for p in problems]
    assert all(p.fix for p in problems)
