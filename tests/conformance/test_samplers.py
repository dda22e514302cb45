"""What every registered sampler must do."""

import warnings
from typing import Any, get_args

import pytest

from search_spaces.values import same_value
from sweeps.samplers.registry import OPTUNA, SEQUENCES
from sweeps.spec.sections import SearchSpec
from tests.sweeps.samplers.spaces import EVERYTHING, FINITE, RANGES, proposer_of, run, space_of

LEARNING = [pytest.param("gp", marks=pytest.mark.slow) if s == "gp" else s for s in OPTUNA]
ALL = [*LEARNING, *SEQUENCES]


def bowl(values: dict[str, Any]) -> float:
    """A function of every number in a configuration."""
    return sum((v - 0.3) ** 2 for v in values.values() if isinstance(v, float))


def parameters_for(sampler: str) -> dict[str, Any]:
    return FINITE if sampler == "grid" else EVERYTHING


def test_the_spec_names_every_sampler() -> None:
    named = get_args(SearchSpec.model_fields["sampler"].annotation)
    assert set(named) == set(OPTUNA) | set(SEQUENCES)


@pytest.mark.parametrize("sampler", ALL)
def test_suggestions_lie_in_the_space(sampler: str) -> None:
    parameters = parameters_for(sampler)
    suggested = run(proposer_of(parameters, sampler), bowl, 25)
    assert len(suggested) == 25
    outside = [values for values in suggested if not space_of(parameters).contains(values)]
    assert outside == []


@pytest.mark.parametrize("sampler", ALL)
def test_one_seed_one_search(sampler: str) -> None:
    parameters = parameters_for(sampler)
    first, again, other = (
        run(proposer_of(parameters, sampler, seed=seed), bowl, 14) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert len(first) == 14


@pytest.mark.parametrize("sampler", ALL)
def test_a_finite_space_is_covered_without_repeats(sampler: str) -> None:
    suggested = run(proposer_of(FINITE, sampler), lambda v: float(v["r"]), 36)
    assert len(suggested) == 36
    assert len({repr(sorted(v.items())) for v in suggested}) == 36
    points = list(space_of(FINITE).points())
    assert all(any(same_value(v, point) for point in points) for v in suggested)


@pytest.mark.parametrize("sampler", ALL)
def test_baselines_are_not_suggested_again(sampler: str) -> None:
    proposer = proposer_of(FINITE, sampler, num_trials=36)
    baselines = [{"r": 2, "modules": ["q"], "epochs": e} for e in (1, 2, 3)]
    for number, baseline in enumerate(baselines, 1):
        proposer.adopt(number, baseline)
    suggested = [proposer.propose(number, 3) for number in range(4, 37)]
    texts = {repr(sorted(v.items())) for v in suggested if v is not None}
    assert len(texts) == 33
    assert not texts & {repr(sorted(b.items())) for b in baselines}


@pytest.mark.parametrize("sampler", LEARNING)
def test_every_outcome_can_be_told(sampler: str) -> None:
    proposer = proposer_of(RANGES, sampler, num_trials=8)
    for number in range(1, 26):
        values = proposer.propose(number, 0)
        assert values is not None
        outcome = ("complete", "stopped", "failed", "infeasible")[number % 4]
        told = [bowl(values)] if outcome == "complete" else None
        rungs = {0: bowl(values) + 1} if number % 3 else {}
        proposer.tell(number, outcome, told, rungs)  # type: ignore[arg-type]
    assert proposer.asked == {}


@pytest.mark.parametrize("sampler", LEARNING)
def test_trials_that_run_at_once_differ(sampler: str) -> None:
    proposer = proposer_of(RANGES, sampler, num_trials=12)
    run(proposer, bowl, 8)
    together = [proposer.propose(number, 0) for number in range(9, 13)]
    assert len({repr(values) for values in together}) == 4


@pytest.mark.parametrize("sampler", ALL)
def test_a_restored_proposer_goes_on_alike(sampler: str) -> None:
    parameters = FINITE if sampler == "grid" else RANGES
    whole = run(proposer_of(parameters, sampler), bowl, 16)
    restored = proposer_of(parameters, sampler)
    for number, values in enumerate(whole[:13], 1):
        restored.adopt(number, values)
        restored.tell(number, "complete", [bowl(values)], {})
    for number in (14, 15, 16):
        values = restored.propose(number, 0)
        assert values == whole[number - 1]
        restored.tell(number, "complete", [bowl(values)], {})


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_several_objectives(sampler: str) -> None:
    goals = [{"metric": "val_loss", "mode": "min"}, {"metric": "rouge1", "mode": "max"}]
    proposer = proposer_of(RANGES, sampler, objective=goals, num_trials=6)
    for number in range(1, 21):
        values = proposer.propose(number, 0)
        assert values is not None
        pruned = number % 3 != 0  # more of them than complete ones
        told = None if pruned else [values["x"] ** 2, values["y"]]
        proposer.tell(number, "stopped" if pruned else "complete", told, {0: 1.0})
    assert proposer.study.best_trials


@pytest.mark.parametrize("sampler", ALL)
def test_no_parameters_is_one_trial(sampler: str) -> None:
    assert proposer_of({}, sampler).propose(1, 0) == {}


@pytest.mark.parametrize("sampler", ALL)
def test_nothing_warns(sampler: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        proposer = proposer_of(parameters_for(sampler), sampler)
        assert len(run(proposer, bowl, 12)) == 12
