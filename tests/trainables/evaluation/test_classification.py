"""Macro-F1 equals scikit-learn's."""

import random

import pytest
from sklearn.metrics import f1_score

from trainables.evaluation.classification import macro_f1


@pytest.mark.parametrize("seed", range(5))
def test_equals_scikit_learn(seed: int) -> None:
    draw = random.Random(seed)
    gold = draw.choices(["yes", "no", "maybe"], weights=[6, 3, 1], k=60)
    said = draw.choices(["yes", "no", "maybe"], weights=[8, 2, 0.2], k=60)
    assert macro_f1(said, gold) == pytest.approx(f1_score(gold, said, average="macro"), abs=1e-12)


def test_no_prediction_is_a_miss_and_no_class() -> None:
    gold = ["yes", "yes", "no"]
    # yes: 2/3 (one of two found), no: 1
    assert macro_f1(["yes", None, "no"], gold) == pytest.approx((2 / 3 + 1) / 2)


def test_a_class_that_is_only_claimed_counts() -> None:
    gold, said = ["a", "a"], ["a", "b"]
    expected = f1_score(gold, said, average="macro", zero_division=0)
    assert macro_f1(said, gold) == pytest.approx(expected)
