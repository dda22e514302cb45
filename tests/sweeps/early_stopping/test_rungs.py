"""The values at each rung."""

from sweeps.early_stopping.rung_values import RungValues


def test_the_first_value_of_a_trial_counts() -> None:
    rungs = RungValues("min")
    assert rungs.record("a", 0.5, 1.0) == 1.0
    assert rungs.record("a", 0.5, 3.0) == 1.0  # measured again after a resume
    assert rungs.others("b", 0.5) == [1.0]
    assert rungs.others("a", 0.5) == []
    assert rungs.others("b", 0.25) == []


def test_max_turns_the_sign() -> None:
    rungs = RungValues("max")
    assert rungs.record("a", 0.5, 0.3) == -0.3
