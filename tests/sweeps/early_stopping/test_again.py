"""A rung is judged again as it fills: by hand, and in simulated orders."""

import pytest

from benchmarks.asha_orders import Once, simulate
from sweeps.early_stopping.registry import Stopper
from sweeps.spec.sections import EarlyStopping, SearchSpec
from trainables.context import Report


def stopper(kind: str = "asha") -> Stopper:
    rule = EarlyStopping(kind=kind, min_trials=1)
    return Stopper(SearchSpec(early_stopping=rule))


def at(step: int, rung: float | None = None, loss: float | None = None) -> Report:
    metrics = {"train_loss": 1.0} if loss is None else {"val_loss": loss}
    return Report(step, 16, metrics, 1.0, rung)


def test_the_first_at_a_rung_is_stopped_once_others_are_better_there() -> None:
    found = stopper()
    assert not found.stops("first", at(4, 0.25, 9.0))
    assert not found.stops("first", at(5))
    assert not found.stops("other", at(4, 0.25, 1.0))
    assert found.stops("first", at(6))  # best 1 of 2
    assert not found.stops("other", at(6))


def test_an_evaluation_between_rungs_judges_by_the_rung() -> None:
    found = stopper()
    found.stops("first", at(4, 0.25, 2.0))
    found.stops("other", at(4, 0.25, 1.0))
    assert found.stops("first", at(6, None, 0.1))


def test_alone_at_the_next_rung_the_one_before_is_asked() -> None:
    found = stopper()
    found.stops("first", at(4, 0.25, 2.0))
    found.stops("other", at(4, 0.25, 1.0))
    assert found.stops("first", at(8, 0.5, 0.5))


def test_with_others_at_the_next_rung_that_one_decides() -> None:
    found = stopper()
    found.stops("first", at(4, 0.25, 2.0))
    found.stops("other", at(4, 0.25, 1.0))
    found.stops("other", at(8, 0.5, 0.9))
    assert not found.stops("first", at(8, 0.5, 0.5))


def test_the_end_the_grace_and_baselines_are_spared_as_before() -> None:
    found = stopper()
    found.stops("first", at(2, 0.125, 9.0))
    found.stops("other", at(2, 0.125, 1.0))
    assert not found.stops("first", at(3))
    found.stops("first", at(4, 0.25, 9.0))
    found.stops("other", at(4, 0.25, 1.0))
    assert not found.stops("first", at(5), exempt=True)
    assert not found.stops("first", at(16, 1.0, 9.0))
    assert not found.stops("first", at(16))


def test_the_median_rule_judges_at_its_rungs_only() -> None:
    found = stopper("median")
    found.stops("first", at(4, 0.25, 9.0))
    found.stops("other", at(4, 0.25, 1.0))
    assert not found.stops("first", at(6))


def test_the_largest_floor_of_its_metric_counts_whatever_its_direction() -> None:
    rule = {"early_stopping": {"kind": "asha"}, "objective": {"metric": "rouge1", "mode": "max"}}
    found = Stopper(SearchSpec.model_validate(rule))
    for floors in ({"rouge1": 0.1, "val_loss": 9.0}, {"rouge1": 0.05}, {}):
        found.allow(floors)
    assert not found.record("first", 0.25, 0.5)
    assert not found.record("second", 0.25, 0.45)
    assert found.record("third", 0.25, 0.3)


def test_without_a_rule_nothing_stops() -> None:
    found = Stopper(SearchSpec())
    found.stops("first", at(4, 0.25, 9.0))
    found.stops("other", at(4, 0.25, 1.0))
    assert not found.stops("first", at(6))


@pytest.mark.parametrize(("trials", "workers"), [(4, 2), (8, 4)])
def test_the_worst_seldom_escapes_and_the_best_is_never_stopped(trials: int, workers: int) -> None:
    once = simulate(Once, trials, workers, orders=300)
    again = simulate(Stopper, trials, workers, orders=300)
    assert again.best_stopped == once.best_stopped == 0
    assert once.worst_escaped > 0.05
    assert again.worst_escaped < once.worst_escaped / 4
    assert again.steps < once.steps
