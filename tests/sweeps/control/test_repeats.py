"""Each configuration is trained once a seed, and a sampler that learns never sees a seed."""

import os
from pathlib import Path
from typing import Any

import pytest

from search_spaces.space import build_space
from sweeps.control.proposer import Proposer
from sweeps.control.repeats import RepeatedProposer, proposer_of
from sweeps.control.sweep import Sweep
from sweeps.spec.repeats import repeats_of
from sweeps.spec.sections import SearchSpec
from tests.sweeps.fakes import (
    PARAMETERS,
    PLANNED,
    Drive,
    FakePreparation,
    make_spec,
    make_sweep,
    parameters,
    trial,
)
from trainables.context import Report
from trainables.kinds import trial_config

TWICE = {**PARAMETERS, "training.seed": {"values": [1, 2]}}
NAMED = [f"EXP-00{number}" for number in range(1, 7)]
SEEDS = (1, 2, 3)
SEEDED = {**PARAMETERS, "training.seed": {"values": list(SEEDS)}}


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def repeated(**search: Any) -> RepeatedProposer:
    content = {"parameters": SEEDED, "num_trials": 12, **search}
    sought = SearchSpec.model_validate(content)
    found = proposer_of(sought, build_space(sought.parameters))
    assert isinstance(found, RepeatedProposer)
    return found


def own(values: dict[str, Any]) -> dict[str, Any]:
    return {path: v for path, v in values.items() if path != "training.seed"}


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "gp"])
def test_every_configuration_gets_every_seed_in_a_row(tmp_path: Path, sampler: str) -> None:
    spec = make_spec(parameters=SEEDED, sampler=sampler, seeds=list(SEEDS), num_trials=3)
    Drive(make_sweep(spec, tmp_path), 1).run()
    ran = parameters(tmp_path)
    assert len(ran) == spec.search.trainings == 9
    for first in range(0, 9, 3):
        assert [values["training.seed"] for values in ran[first : first + 3]] == [1, 2, 3]
        assert len({str(own(values)) for values in ran[first : first + 3]}) == 1
    assert len({str(own(values)) for values in ran}) == 3


def test_seeds_that_are_searched_count_as_trials(tmp_path: Path) -> None:
    spec = make_spec(parameters=SEEDED, sampler="tpe", num_trials=6)
    Drive(make_sweep(spec, tmp_path), 1).run()
    ran = parameters(tmp_path)
    assert len(ran) == 6
    assert len({str(own(values)) for values in ran}) == 2


def test_the_sampler_hears_the_mean_of_a_configuration_once() -> None:
    proposer, trial = repeated(), trial_config(make_spec().trial.model_dump(mode="json"))
    study = proposer.inner.study
    for number, value in ((1, 1.0), (2, 2.0), (3, 6.0)):
        proposer.next(number, trial)
        assert all(t.value is None for t in study.trials)
        proposer.tell(number, "complete", [value], {0: value + 1})
    (told,) = study.trials
    assert told.value == 3.0
    assert told.intermediate_values == {0: 4.0}
    assert set(told.params) == set(PARAMETERS)  # and no seed


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        (("complete", "failed", "complete"), "PRUNED"),  # counted against its configuration
        (("complete", "lost", "complete"), "COMPLETE"),
        (("complete", "stopped", "complete"), "PRUNED"),
        (("lost", "lost", "lost"), "FAIL"),
    ],
)
def test_what_becomes_of_a_seed_that_ended_badly(outcomes: tuple[Any, ...], state: str) -> None:
    proposer, trial = repeated(), trial_config(make_spec().trial.model_dump(mode="json"))
    for number, outcome in enumerate(outcomes, 1):
        proposer.next(number, trial)
        proposer.tell(number, outcome, [1.0] if outcome == "complete" else None, {})
    (told,) = proposer.inner.study.trials
    assert told.state.name == state


@pytest.mark.parametrize("stop", [1, 2, 4, 5, 7])
def test_a_resumed_sweep_goes_on_where_it_was(tmp_path: Path, stop: int) -> None:
    spec = make_spec(parameters=SEEDED, sampler="tpe", seeds=list(SEEDS), num_trials=4)
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    Drive(make_sweep(spec, whole), 1).run()
    first = make_sweep(spec, parted)
    drive = Drive(first, 1)
    seen = 0

    def enough(entry: Any, record: Any) -> None:
        nonlocal seen
        seen += not entry.is_base
        if seen == stop:
            first.interrupted.set()

    class Watching:
        def started(self, entry: Any) -> None: ...
        def reported(self, entry: Any, report: Any) -> None: ...
        def close(self) -> None: ...
        def finished(self, entry: Any, record: Any) -> None:
            enough(entry, record)

    first.observers.add(Watching())
    drive.run()
    again = make_sweep(spec, parted)
    again.restore()
    Drive(again, 1).run()
    assert parameters(parted) == parameters(whole)


def test_baselines_are_trained_with_all_seeds_under_their_name() -> None:
    proposer = repeated(baselines={"now": {"lora.r": 4, "training.learning_rate": 1e-3}})
    trial = trial_config(make_spec().trial.model_dump(mode="json"))
    found = [proposer.next(number, trial) for number in (1, 2, 3, 4)]
    labels = [suggested and suggested[0] for suggested in found]
    assert labels == ["now", "now, seed 2", "now, seed 3", None]
    assert [s and s[1]["training.seed"] for s in found] == [1, 2, 3, 1]


def test_what_is_no_list_of_seeds_is_suggested_as_other_parameters_are() -> None:
    for searched, more in (
        ({"training.seed": {"min": 1, "max": 5}}, {}),
        (SEEDED, {"sampler": "grid"}),
        (PARAMETERS, {}),
    ):
        sought = SearchSpec.model_validate({"parameters": searched, **more})
        assert repeats_of(sought) == ()
        assert isinstance(proposer_of(sought, build_space(sought.parameters)), Proposer)


def test_searched_seeds_of_stages_are_all_combined_those_of_the_search_go_together() -> None:
    paths = ["stages.0.training.seed", "stages.1.training.seed"]
    content: dict[str, Any] = {"parameters": {path: {"values": [1, 2]} for path in paths}}
    assert len(repeats_of(SearchSpec.model_validate(content))) == 4
    together = repeats_of(SearchSpec.model_validate({**content, "seeds": [1, 2]}))
    assert together == (dict.fromkeys(paths, 1), dict.fromkeys(paths, 2))


def at_first_rung(sweep: Sweep, losses: dict[str, float]) -> dict[str, bool]:
    """Which trials are stopped at a quarter of their steps, where they come to it in this order."""
    stopped: dict[str, bool] = {}
    while len(stopped) < len(losses):
        task = sweep.next_task()
        assert task
        if task.entry.is_base:
            sweep.on_report(task.entry.trial, next(trial(task)))
            continue
        name = task.entry.trial
        report = Report(2, PLANNED, {"val_loss": losses[name]}, 1.0, 0.25)
        stopped[name] = sweep.on_report(name, report)
    return stopped


@pytest.mark.parametrize("rule", [{"kind": "asha"}, {"kind": "median", "min_trials": 1}])
def test_seeds_are_judged_at_a_rung_by_their_mean(tmp_path: Path, rule: dict[str, Any]) -> None:
    search = {"parameters": TWICE, "sampler": "random", "seeds": [1, 2], "num_trials": 3}
    spec = make_spec(**search, early_stopping=rule)
    # (configurations) means 2.0; 1.75, whose second seed is the worst of all; 2.5, one lucky
    losses = dict(zip(NAMED, (2.0, 2.0, 0.4, 3.1, 3.9, 1.1), strict=True))
    goes_on = dict.fromkeys(NAMED, False)
    assert at_first_rung(make_sweep(spec, tmp_path), losses) == {
        **goes_on,
        "EXP-005": True,  # 3.9 against 2.0 and 1.75
        "EXP-006": True,  # 1.1 is the second best, its configuration's 2.5 the worst
    }


def test_a_resume_judges_seeds_as_the_sweep_would_have(tmp_path: Path) -> None:
    search = {"parameters": TWICE, "sampler": "random", "seeds": [1, 2], "num_trials": 2}
    spec = make_spec(**search, early_stopping={"kind": "asha"})
    at_first_rung(make_sweep(spec, tmp_path), dict.fromkeys(NAMED[:4], 2.0))
    resumed = make_sweep(spec, tmp_path)
    resumed.restore()
    for name, value in (("EXP-003", 0.4), ("EXP-004", 3.1)):
        assert not resumed.stopper.record(name, 0.25, value)
    assert resumed.stopper.record("EXP-001", 0.25, 2.0)  # 2.0 against 1.75
