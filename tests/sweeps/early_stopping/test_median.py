"""The median rule by hand."""

import pytest

from sweeps.early_stopping import median
from sweeps.early_stopping.rung_values import RungValues
from sweeps.spec.sections import EarlyStopping


@pytest.mark.parametrize(
    ("others", "own", "stopped"),
    [
        ([1.0, 2.0], 9.0, False),  # min_trials others are needed
        ([1.0, 2.0, 3.0], 2.0, False),  # the median itself is not worse
        ([1.0, 2.0, 3.0], 2.1, True),
        ([1.0, 2.0, 3.0, 4.0], 2.4, False),  # median 2.5
        ([1.0, 2.0, 3.0, 4.0], 2.6, True),
    ],
)
def test_worse_than_the_median_of_the_others(
    others: list[float], own: float, stopped: bool
) -> None:
    rule = EarlyStopping(kind="median", min_trials=3)
    rungs = RungValues("min")
    for number, value in enumerate(others):
        rungs.record(str(number), 0.5, value)
    value = rungs.record("own", 0.5, own)
    assert median.stops(rule, rungs, "own", 0.5, value) is stopped


def test_other_rungs_do_not_count() -> None:
    rule = EarlyStopping(kind="median", min_trials=1)
    rungs = RungValues("min")
    rungs.record("other", 0.25, 1.0)
    assert not median.stops(rule, rungs, "own", 0.5, rungs.record("own", 0.5, 9.0))


def test_who_is_within_the_floor_of_the_median_goes_on() -> None:
    rule = EarlyStopping(kind="median", min_trials=3)
    for floor, stopped in ((0.0, True), (0.004, True), (0.006, False)):
        rungs = RungValues("min")
        rungs.floor = floor
        for number, value in enumerate((2.5, 2.6, 2.7)):
            rungs.record(str(number), 0.5, value)
        value = rungs.record("own", 0.5, 2.605)
        assert median.stops(rule, rungs, "own", 0.5, value) is stopped
