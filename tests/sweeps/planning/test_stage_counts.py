"""How many different stages a plan announces, and that the run trains as many."""

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from medsweep.plan_view import show
from search_spaces.space import build_space
from sweeps.planning.plan import make_plan
from sweeps.planning.stage_counts import stage_counts
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import Drive
from tests.sweeps.staged_fakes import TRAINED, fake, make_spec, make_sweep, rates, trial

GRID = {**rates(0, 0.1, 0.2, 0.3), **rates(1, 0.1, 0.2, 0.3, 0.4)}
CONTINUOUS = {"min": 0.1, "max": 0.9}


def counts(spec: SweepSpec) -> list[tuple[int, bool]]:
    found = stage_counts(spec, build_space(spec.search.parameters))
    return [(stage.number, stage.exact) for stage in found]


@pytest.mark.parametrize("sampler", ["grid", "random", "qmc"])
@pytest.mark.parametrize("num_trials", [2, 7, 12])
def test_the_run_trains_as_many_as_the_plan_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: str, num_trials: int
) -> None:
    named = {"own": {"stages.0.training.learning_rate": 0.2}}
    spec = make_spec(
        parameters=GRID, sampler=sampler, num_trials=num_trials, baselines=named, seed=3
    )
    ((told, exact),) = counts(spec)
    fake(monkeypatch)
    Drive(make_sweep(spec, tmp_path), 1, trial).run()
    assert exact
    assert told == len({name for name, _ in TRAINED if name.count(">") == 1})


def test_each_stage_counts_what_comes_before_it() -> None:
    parameters = {**rates(0, 0.1, 0.2), **rates(1, 0.1, 0.2), **rates(2, *range(1, 6))}
    assert counts(make_spec(3, parameters=parameters, num_trials=20)) == [(2, True), (4, True)]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({**rates(0, 0.1, 0.2), "stages.1.training.learning_rate": CONTINUOUS}, 2),
        ({**rates(1, 0.1, 0.2), "stages.0.training.learning_rate": CONTINUOUS}, 24),
        ({**rates(0, 0.1, 0.2), "lora.r": {"values": [1, 2, 3]}, **rates(1, 0.1, 0.2)}, 6),
        ({"stages.1.training.learning_rate": CONTINUOUS}, 1),
        ({**rates(0, *range(1, 31))}, 24),
        # rows of another length are other rows, also for the stages that are measured on them
        ({"stages.1.training.max_length": {"values": [64, 128]}}, 2),
    ],
)
def test_where_suggestions_depend_on_results_it_is_a_bound(
    parameters: dict[str, Any], expected: int
) -> None:
    spec = make_spec(parameters=parameters, sampler="tpe", num_trials=24)
    assert counts(spec) == [(expected, False)]


def test_a_baseline_outside_the_space_is_one_more() -> None:
    parameters = {**rates(0, 0.1, 0.2), "stages.1.training.learning_rate": CONTINUOUS}
    spec = make_spec(parameters=parameters, sampler="tpe", num_trials=24, baselines={"own": {}})
    assert counts(spec) == [(3, False)]  # the trial's own rate is 0.5


def test_trials_without_stages_have_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = make_spec().model_dump(mode="json")
    content["trial"] = {**content["trial"]["stages"][0], "model": content["trial"]["model"]}
    del content["trial"]["name"]
    assert counts(SweepSpec.model_validate(content)) == []


def test_the_plan_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path))
    spec = make_spec(parameters=GRID, num_trials=12)
    text = io.StringIO()
    show(Console(file=text, width=200), make_plan(spec, False, lambda line: None))
    assert "12 trials, 3 distinct SFT stages (a): what trials share" in text.getvalue()
    learning = make_spec(parameters={**rates(1, 0.1, 0.2)}, sampler="tpe", num_trials=2)
    text = io.StringIO()
    show(Console(file=text, width=200), make_plan(learning, False, lambda line: None))
    assert "2 trials, at most 1 distinct SFT stage (a)" in text.getvalue()


def rewarded(start: str, *kinds: str, searched: dict[str, Any], **search: Any) -> SweepSpec:
    stages = [
        {"name": kind, "kind": kind, "data": {"source": "toy:drugs"}, "training": {"max_steps": 2}}
        | ({"start": start} if kind == "reward" else {})
        | ({"reward": {"weights": {"reward_model": 1}}} if kind == "ppo" else {})
        for kind in kinds
    ]
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages}
    search = {"sampler": "grid", "num_trials": 3, "parameters": searched, **search}
    search["objective"] = {"metric": "reward_reward_model", "mode": "max"}
    return SweepSpec.model_validate({"name": "fake", "trial": trial, "search": search})


def test_a_fresh_reward_model_is_trained_once_wherever_it_stands() -> None:
    first, second = rates(0, 0.1, 0.2, 0.3), rates(1, 0.1, 0.2, 0.3)
    behind = ("sft", "reward", "ppo")
    assert counts(rewarded("fresh", *behind, searched=first)) == [(3, True), (1, True)]
    assert counts(rewarded("fresh", *behind, searched=second)) == [(1, True), (3, True)]
    assert counts(rewarded("policy", *behind, searched=first)) == [(3, True), (3, True)]
    before = ("reward", "sft", "ppo")
    assert counts(rewarded("fresh", *before, searched=second)) == [(1, True), (3, True)]
    learning = rewarded("fresh", *behind, searched=first, sampler="tpe")
    assert counts(learning) == [(3, False), (1, False)]
    rank = {**first, "lora.r": {"values": [1, 2]}}
    both = rewarded("fresh", *behind, searched=rank, num_trials=6)
    assert counts(both) == [(6, True), (2, True)]
    written = {**first, "evaluation.limit": {"values": [2, 3]}}  # it writes no answers
    both = rewarded("fresh", *behind, searched=written, num_trials=6)
    assert counts(both) == [(6, True), (1, True)]


def test_rows_that_other_stages_may_take_out_of_it_make_a_bound() -> None:
    """Which pairs repeat another stage's validation rows, only the rows tell."""
    searched = {"stages.0.data.seed": {"values": [1, 2, 3]}}
    found = counts(rewarded("fresh", "sft", "reward", "ppo", searched=searched))
    assert found == [(3, True), (3, False)]


def test_a_baseline_that_is_no_trial_is_none_more() -> None:
    named = {"own": {"stages.0.training.learning_rate": -1.0}}
    spec = make_spec(parameters=rates(0, 0.1, 0.2), sampler="tpe", num_trials=9, baselines=named)
    assert counts(spec) == [(2, False)]
