"""What samplers that learn make of trials that could not be trained."""

from statistics import mean
from typing import Any

import optuna
import pytest

from benchmarks.failing_trials import LIMIT, PARAMETERS, RATE, search
from sweeps.control.proposer import Proposer
from sweeps.samplers.as_worst import AsWorst
from sweeps.samplers.failures import Outcome, outcome
from tests.sweeps.samplers.spaces import RANGES, proposer_of

State = optuna.trial.TrialState
LEARNING = ["tpe", "cmaes", pytest.param("gp", marks=pytest.mark.slow)]
SEEDS = range(8)


def diverging(sampler: str, **how: Any) -> float:
    return mean(search(sampler, seed, **how).diverged for seed in SEEDS)


@pytest.mark.parametrize("sampler", LEARNING)
def test_half_of_random_s_trials_diverge(sampler: str) -> None:
    assert diverging(sampler) < diverging("random") / 2


@pytest.mark.parametrize("sampler", ["tpe", pytest.param("gp", marks=pytest.mark.slow)])
def test_beside_stopped_trials_too(sampler: str) -> None:
    assert diverging(sampler, stopping=True) < diverging("random") / 2


def test_what_does_not_fit_counts_as_what_diverges_and_a_lost_trial_as_nothing() -> None:
    assert search("tpe", 3, bad="infeasible") == search("tpe", 3)
    assert diverging("tpe", bad="lost") > diverging("random")


def value(values: dict[str, Any]) -> float:
    return float((values["x"] - 0.5) ** 2 + (values["y"] - 1.5) ** 2)


def end(proposer: Proposer, number: int, values: dict[str, Any]) -> None:
    if values["x"] > 0.6:
        proposer.tell(number, ("failed", "infeasible")[number % 2], None, {0: 9.0})
    elif number % 4 == 1:
        proposer.tell(number, "stopped", None, {0: value(values)})
    else:
        proposer.tell(number, "complete", [value(values)], {0: value(values)})


@pytest.mark.parametrize("sampler", LEARNING)
def test_a_restored_proposer_suggests_what_an_uninterrupted_one_does(sampler: str) -> None:
    whole: list[dict[str, Any]] = []
    proposer = proposer_of(RANGES, sampler)
    for number in range(1, 23):
        values = proposer.propose(number, 0)
        assert values is not None
        whole.append(values)
        end(proposer, number, values)
    assert any(values["x"] > 0.6 for values in whole[:18])
    restored = proposer_of(RANGES, sampler)
    for number, values in enumerate(whole[:18], 1):
        restored.adopt(number, values)
        end(restored, number, values)
    for number in (19, 20, 21, 22):
        assert restored.propose(number, 0) == whole[number - 1]
        end(restored, number, whole[number - 1])


@pytest.mark.parametrize("sampler", ["tpe", pytest.param("gp", marks=pytest.mark.slow)])
def test_the_order_in_which_trials_ended_does_not_matter(sampler: str) -> None:
    found = []
    for order in (range(1, 15), range(14, 0, -1)):
        proposer = proposer_of(RANGES, sampler, num_trials=14)
        drawn = proposer_of(RANGES, "random")
        together = {number: drawn.propose(number, 0) for number in range(1, 15)}
        for number, values in together.items():
            proposer.adopt(number, values or {})
        for number in order:
            end(proposer, number, together[number] or {})
        found.append(proposer.propose(15, 0))
    assert found[0] == found[1]


@pytest.mark.slow
def test_several_objectives() -> None:
    goals = [{"metric": "val_loss", "mode": "min"}, {"metric": "rouge1", "mode": "max"}]
    for sampler in ("tpe", "gp"):
        proposer = proposer_of(RANGES, sampler, objective=goals, num_trials=6)
        for number in range(1, 14):
            values = proposer.propose(number, 0)
            assert values is not None
            bad = values["x"] > 0.3
            told = None if bad else [values["x"] ** 2, values["y"]]
            proposer.tell(number, "failed" if bad else "complete", told, {})
        assert proposer.study.best_trials


@pytest.mark.parametrize("constrained", [True, False])
def test_a_failure_is_shown_as_the_worst_of_the_complete(constrained: bool) -> None:
    proposer = proposer_of(RANGES, "tpe")
    ends: list[tuple[Outcome, float | None]] = [
        ("failed", None),
        ("complete", 3.0),
        ("complete", 7.0),
        ("stopped", None),
        ("infeasible", None),
        ("lost", None),
    ]
    sampler = AsWorst(optuna.samplers.RandomSampler(), constrained)
    for number, (how, told) in enumerate(ends, 1):
        assert proposer.propose(number, 0) is not None
        proposer.tell(number, how, None if told is None else [told], {})
        if number == 1:  # nothing to be as bad as
            assert sampler._seen(proposer.study) is proposer.study
    seen = sampler._seen(proposer.study).trials
    states = [State.COMPLETE] * 3 + [State.PRUNED, State.COMPLETE, State.FAIL]
    assert [t.state for t in seen] == states
    assert [seen[n].value for n in (0, 1, 2, 4)] == [7.0, 3.0, 7.0, 7.0]
    broken = [list(seen[n].constraints.values()) for n in (0, 1, 2, 4)]
    assert broken == ([[1.0], [-1.0], [-1.0], [1.0]] if constrained else [[]] * 4)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"state": "complete"}, "complete"),
        ({"state": "stopped"}, "stopped"),
        ({"state": "infeasible"}, "infeasible"),
        ({"state": "failed", "diverged": True}, "failed"),
        ({"state": "failed"}, "lost"),
    ],
)
def test_what_a_record_says(record: dict[str, Any], told: str) -> None:
    assert outcome(record) == told


def test_the_simulation_is_the_one_described() -> None:
    assert PARAMETERS[RATE]["max"] / LIMIT > 300
    assert diverging("random") == pytest.approx(13.9, abs=0.05)
