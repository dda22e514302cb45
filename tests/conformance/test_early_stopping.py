"""What every early-stopping rule must do, through the Stopper that sweeps use."""

from typing import Any, get_args

import pytest

from sweeps.early_stopping.registry import RULES, Stopper
from sweeps.spec.sections import EarlyStopping, SearchSpec

pytestmark = pytest.mark.parametrize("kind", RULES)


def stopper(kind: str, mode: str = "min", **rule: Any) -> Stopper:
    metric = "val_loss" if mode == "min" else "rouge1"
    content = {
        "objective": {"metric": metric, "mode": mode},
        "early_stopping": {"kind": kind, "min_trials": 3, **rule},
    }
    return Stopper(SearchSpec.model_validate(content))


def fill(found: Stopper, rung: float, values: list[float]) -> None:
    for number, value in enumerate(values):
        found.record(f"EXP-{number}", rung, value, exempt=True)


def test_the_spec_names_it(kind: str) -> None:
    assert kind in get_args(EarlyStopping.model_fields["kind"].annotation)


@pytest.mark.parametrize(("mode", "bad", "good"), [("min", 9.0, 0.1), ("max", 0.1, 9.0)])
def test_the_worst_stops_and_the_best_goes_on(
    kind: str, mode: str, bad: float, good: float
) -> None:
    for value, stops in ((bad, True), (good, False)):
        found = stopper(kind, mode)
        fill(found, 0.5, [1.0, 2.0, 3.0, 4.0])
        assert found.record("EXP-9", 0.5, value) is stops


@pytest.mark.parametrize("rung", [0.125, 1.0])
def test_nothing_stops_before_grace_or_at_the_end(kind: str, rung: float) -> None:
    found = stopper(kind)
    fill(found, rung, [1.0, 2.0, 3.0, 4.0])
    assert not found.record("EXP-9", rung, 9.0)


def test_grace_is_the_specs(kind: str) -> None:
    found = stopper(kind, grace=0.5)
    for rung in (0.25, 0.5):
        fill(found, rung, [1.0, 2.0, 3.0, 4.0])
    assert not found.record("EXP-9", 0.25, 9.0)
    assert found.record("EXP-9", 0.5, 9.0)


def test_the_exempt_goes_on_and_counts(kind: str) -> None:
    found = stopper(kind)
    fill(found, 0.5, [1.0, 2.0, 3.0, 4.0])
    assert not found.record("EXP-8", 0.5, 9.0, exempt=True)
    assert 9.0 in found.values.others("EXP-9", 0.5)


def test_the_first_goes_on(kind: str) -> None:
    assert not stopper(kind).record("EXP-1", 0.5, 9.0)


def test_order_of_the_others_does_not_matter(kind: str) -> None:
    verdicts = set()
    for values in ([1.0, 2.0, 3.0, 4.0], [4.0, 2.0, 1.0, 3.0]):
        found = stopper(kind)
        fill(found, 0.25, values)
        verdicts.add(found.record("EXP-9", 0.25, 3.5))
    assert verdicts == {True}


def test_a_metric_that_is_no_objective_has_its_own_direction(kind: str) -> None:
    content = {
        "objective": {"metric": "val_loss", "mode": "min"},
        "early_stopping": {"kind": kind, "metric": "rouge1"},
    }
    found = Stopper(SearchSpec.model_validate(content))
    assert found.metric == "rouge1"
    fill(found, 0.5, [0.1, 0.2, 0.3, 0.4])
    assert not found.record("EXP-9", 0.5, 0.9)
    assert found.record("EXP-10", 0.5, 0.05)


def test_without_a_rule_nothing_stops(kind: str) -> None:
    found = Stopper(SearchSpec())
    fill(found, 0.5, [1.0, 2.0, 3.0, 4.0])
    assert not found.record("EXP-9", 0.5, 99.0)
    assert found.metric == "val_loss"
