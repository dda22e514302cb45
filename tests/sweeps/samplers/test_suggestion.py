"""medsweep's values as Optuna's and back."""

import json
import warnings
from typing import Any

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sweeps.samplers.suggestion import fixed, suggest
from tests.sweeps.samplers.spaces import EVERYTHING, space_of

SPACE = space_of(EVERYTHING)


def asked(parameters: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What Optuna gives back where it was handed `fixed`."""
    space = space_of(parameters)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        study.enqueue_trial(fixed(space, values))
        return suggest(study.ask(), space)


def drawn(parameters: dict[str, Any], count: int, seed: int = 0) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    space = space_of(parameters)
    return [suggest(study.ask(), space) for _ in range(count)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_fixed_undoes_suggest_after_the_ledger(seed: int) -> None:
    values = drawn(EVERYTHING, 1, seed)[0]
    assert SPACE.contains(values)
    again = asked(EVERYTHING, json.loads(json.dumps(values)))
    assert again.pop("weights") == pytest.approx(values.pop("weights"), abs=1e-12)
    assert again == values


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.0, 0.5, 0.5), (1 / 3, 1 / 3, 1 / 3)])
def test_corners_of_the_simplex(weights: tuple[float, ...]) -> None:
    named = dict(zip(("a", "b", "c"), weights, strict=True))
    again = asked({"w": {"simplex": ["a", "b", "c"]}}, {"w": named})
    assert again["w"] == pytest.approx(named, abs=1e-12)


@pytest.mark.parametrize(
    ("parameter", "given_value", "kept"),
    [
        ({"values": [8, 16]}, 8.0, 8),
        ({"values": [[1, 2], [3]]}, [1, 2], [1, 2]),
        ({"values": [True, 1]}, True, True),
        ({"min": 1, "max": 8}, 3.0, 3),
        ({"distribution": "q_uniform", "min": 0.0, "max": 0.3, "q": 0.1}, 0.1 + 0.2, 0.3),
        ({"distribution": "q_uniform", "min": 0.0, "max": 0.6, "q": 0.2}, 0.6, 0.6),
        ({"min": 0.0, "max": 0.3}, 0.1 + 0.2, 0.3),  # a rounding error beyond the range
        ({"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-3}, 1e-3, 1e-3),
        ({"distribution": "q_log_uniform_values", "min": 3, "max": 100, "q": 10}, 10, 10),
    ],
)
def test_a_baselines_value_is_told_as_it_is(parameter: Any, given_value: Any, kept: Any) -> None:
    assert space_of({"p": parameter}).contains({"p": given_value})
    found = asked({"p": parameter}, {"p": given_value})["p"]
    assert found == kept
    assert type(found) is type(kept)


@pytest.mark.parametrize(
    ("parameter", "points"),
    [
        ({"distribution": "q_uniform", "min": 0.1, "max": 0.6, "q": 0.2}, {0.2, 0.4, 0.6}),
        ({"distribution": "q_uniform", "min": 3, "max": 9, "q": 2}, {4, 6, 8}),
        ({"distribution": "q_log_uniform_values", "min": 4, "max": 22, "q": 5}, {5, 10, 15, 20}),
        ({"min": 2, "max": 4}, {2, 3, 4}),
    ],
)
def test_multiples_of_q_within_the_range(parameter: Any, points: set[float]) -> None:
    assert {v["p"] for v in drawn({"p": parameter}, 200)} == points


def test_simplex_weights_are_uniform() -> None:
    values = [v["w"] for v in drawn({"w": {"simplex": ["a", "b", "c"]}}, 1500)]
    assert all(sum(w.values()) == pytest.approx(1) for w in values)
    for name in ("a", "b", "c"):
        marginal = [w[name] for w in values]
        assert sum(marginal) / len(marginal) == pytest.approx(1 / 3, abs=0.02)
        assert stats.kstest(marginal, stats.beta(1, 2).cdf).pvalue > 1e-3


def test_inactive_parameters_are_not_asked_for() -> None:
    for values in drawn(EVERYTHING, 50):
        assert ("only_a" in values) == (values["choice"] == "a")
