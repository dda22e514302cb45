"""What the proposer makes of a search section and of results."""

import time
from typing import Any

import optuna
import pytest

from search_spaces.space import build_space
from sweeps.control.proposer import Proposer, whole_baseline
from tests.sweeps.fakes import make_spec
from tests.sweeps.samplers.spaces import FINITE, RANGES, proposer_of, run

State = optuna.trial.TrialState


def bowl(values: dict[str, Any]) -> float:
    return float((values["x"] - 0.5) ** 2 + (values["y"] - 1.5) ** 2)


def test_tpe_learns() -> None:
    """Mean of five seeds' best value in 40 trials: less than half of random's."""
    best: dict[str, float] = {}
    for sampler in ("tpe", "random"):
        values = []
        for seed in range(5):
            proposer = proposer_of(RANGES, sampler, seed=seed, num_trials=40)
            values.append(min(map(bowl, run(proposer, bowl, 40))))
        best[sampler] = sum(values) / len(values)
    assert best["tpe"] < best["random"] / 2


def test_a_maximum_is_sought_where_the_mode_is_max() -> None:
    goal = {"metric": "rouge1", "mode": "max"}
    found = run(proposer_of(RANGES, "tpe", objective=goal), lambda v: -bowl(v), 25)
    assert found == run(proposer_of(RANGES, "tpe"), bowl, 25)
    assert found != run(proposer_of(RANGES, "tpe"), lambda v: -bowl(v), 25)


def test_a_configuration_outside_the_space_is_no_trial_of_optunas() -> None:
    proposer = proposer_of(RANGES, "tpe")
    proposer.adopt(1, {"x": 5.0, "y": 1.0})
    proposer.tell(1, "complete", [0.1], {})
    assert proposer.study.trials == []
    assert proposer.propose(2, 1) is not None


def test_telling_twice_is_harmless() -> None:
    proposer = proposer_of(RANGES, "random")
    proposer.propose(1, 0)
    proposer.tell(1, "complete", [1.0], {0: 2.0, 1: 1.5})
    proposer.tell(1, "failed", None, {})
    told = proposer.study.trials[0]
    assert (told.state, told.value) == (State.COMPLETE, 1.0)
    assert told.intermediate_values == {0: 2.0, 1: 1.5}


def test_an_exhausted_space_repeats_itself_quickly() -> None:
    proposer = proposer_of({"r": {"values": [1, 2]}}, "random")
    assert len(run(proposer, lambda v: 1.0, 5)) == 5


def test_a_huge_finite_space_is_not_written_out() -> None:
    proposer = proposer_of({"seed": {"min": 0, "max": 2**31 - 1}}, "random")
    start = time.monotonic()
    proposer._other(1, {"seed": 0})
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("sampler", ["random", "grid", "qmc", "tpe"])
def test_suggestions_do_not_depend_on_restarts(sampler: str) -> None:
    whole = [proposer_of(FINITE, sampler).propose(1, 0)]
    for number in range(2, 31):
        fresh = proposer_of(FINITE, sampler)
        for earlier, values in enumerate(whole, 1):
            assert values is not None
            fresh.adopt(earlier, values)
        whole.append(fresh.propose(number, 0))
    together = proposer_of(FINITE, sampler)
    assert [together.propose(number, 0) for number in range(1, 31)] == whole


def test_a_baseline_in_full() -> None:
    conditional = {
        "lora.r": {"values": [4, 8]},
        "training.max_length": {"values": [64, 512], "when": {"lora.r": 8}},
        "training.learning_rate": {"min": 1e-4, "max": 1e-2},
    }
    spec = make_spec(parameters=conditional)
    space = build_space(spec.search.parameters)
    assert whole_baseline(spec.trial, space, {}) == {
        "lora.r": 8,
        "training.max_length": 512,
        "training.learning_rate": 1e-3,
    }
    assert whole_baseline(spec.trial, space, {"lora.r": 4}) == {
        "lora.r": 4,
        "training.learning_rate": 1e-3,
    }


def test_a_baseline_has_the_trial_s_value_of_a_field_that_is_not_written_while_unused() -> None:
    searched = {
        "data.loss_turns": {"values": ["all", "last"]},
        "lora": {"values": [{"r": 4}, {"r": 8}]},
    }
    spec = make_spec(parameters=searched)
    assert "loss_turns" not in spec.trial.model_dump()["data"]
    found = whole_baseline(spec.trial, build_space(spec.search.parameters), {})
    assert found == {"data.loss_turns": "all", "lora": {"r": 8}}


def test_startup_grows_with_the_sweep() -> None:
    startups = []
    for trials in (2, 12, 100):
        spec = make_spec(num_trials=trials)
        startups.append(Proposer(spec.search, build_space(spec.search.parameters)).startup)
    assert startups == [3, 6, 10]
