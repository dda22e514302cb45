"""Successive halving by hand."""

import pytest

from sweeps.early_stopping import asha
from sweeps.early_stopping.rung_values import RungValues
from sweeps.spec.sections import EarlyStopping


def decisions(values: list[float], factor: int = 2, floor: float = 0.0) -> list[bool]:
    """Whether each trial stops, in the order in which they reach the rung."""
    rule = EarlyStopping(kind="asha", reduction_factor=factor)
    rungs = RungValues("min")
    rungs.floor = floor
    found = []
    for number, value in enumerate(values):
        own = rungs.record(str(number), 0.25, value)
        found.append(asha.stops(rule, rungs, str(number), 0.25, own))
    return found


@pytest.mark.parametrize(
    ("values", "factor", "stopped"),
    [
        ([5.0], 2, [False]),  # the first always goes on
        ([1.0, 2.0], 2, [False, True]),  # best 1 of 2
        ([1.0, 2.0, 1.5], 2, [False, True, False]),  # best 2 of 3
        ([1.0, 2.0, 1.5, 1.6], 2, [False, True, False, True]),  # best 2 of 4
        ([4.0, 3.0, 2.0, 1.0], 2, [False] * 4),  # each is the best so far
        ([1.0, 1.0, 1.0], 2, [False] * 3),  # equal ones are not worse
        ([1.0, 2.0, 3.0, 4.0], 4, [False, True, True, True]),  # best 1 of up to 4
        ([1.0, 2.0, 3.0, 4.0, 1.5], 4, [False, True, True, True, False]),  # best 2 of 5
    ],
)
def test_the_best_share_goes_on(values: list[float], factor: int, stopped: list[bool]) -> None:
    assert decisions(values, factor) == stopped


@pytest.mark.parametrize(("floor", "stopped"), [(0.0, True), (0.004, True), (0.006, False)])
def test_who_is_within_the_floor_of_the_cut_goes_on(floor: float, stopped: bool) -> None:
    """The best 2 of 4 go on; 2.605 is 0.005 from the second."""
    assert decisions([2.5, 2.6, 2.8, 2.605], floor=floor) == [False, True, True, stopped]
