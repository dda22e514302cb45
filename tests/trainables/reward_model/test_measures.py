"""Accuracy, its interval and calibration, against values worked out by hand."""

import math

import pytest
import torch
from sklearn.metrics import brier_score_loss, roc_auc_score

from trainables.evaluation.measured import clustered_share, share
from trainables.reward_model.losses import preference_loss
from trainables.reward_model.measures import (
    Scores,
    bradley_terry,
    by_source,
    calibration,
    facts_of,
    final_metrics,
    loss_of,
    pairwise_accuracy,
)

SCORES = Scores(
    chosen=[1.0, 0.0, 2.0, -1.0, 3.0],
    rejected=[0.0, 0.0, 3.0, -2.0, 1.0],
    groups=["a", "b", "c", "d", "e"],
    sources=["x", "x", "y", "y", "y"],
)
OWN = [str(n) for n in range(100)]


def test_ties_count_half() -> None:
    found = pairwise_accuracy(SCORES.differences, SCORES.groups)
    assert (found.value, found.n) == (0.7, 5)  # right, tie, wrong, right, right
    assert pairwise_accuracy([math.nan, 1.0], ["a", "b"]).value == 0.5


def test_by_source() -> None:
    found = by_source(SCORES)
    accuracies = {name: facts["pairwise_accuracy"] for name, facts in found.items()}
    assert {name: (a["n"], a["value"]) for name, a in accuracies.items()} == {
        "x": (2, 0.75),
        "y": (3, 2 / 3),
    }
    assert found["x"]["val_loss"] == pytest.approx((math.log(1 + math.exp(-1)) + math.log(2)) / 2)
    assert found["y"]["mean_score"] == pytest.approx((2 - 1 + 3 + 3 - 2 + 1) / 6)
    loss = loss_of(SCORES)
    assert loss.metrics["pairwise_accuracy"] == 0.7
    mean = sum(f["pairwise_accuracy"]["n"] * f["val_loss"] for f in found.values()) / 5
    assert loss.metrics["val_loss"] == pytest.approx(mean, rel=1e-14)


def test_the_loss_is_the_mean_preference_loss() -> None:
    torch.manual_seed(0)
    chosen, rejected = (torch.randn(50, dtype=torch.float64) * 5 for _ in range(2))
    wanted = float(preference_loss(chosen, rejected).mean())
    assert bradley_terry((chosen - rejected).tolist()) == pytest.approx(wanted, rel=1e-14)
    assert bradley_terry([1000.0, -1000.0]) == 500.0
    assert math.isnan(bradley_terry([1.0, math.nan]))


def test_pairs_of_their_own_groups_have_wilsons_interval() -> None:
    hits = [n % 4 != 0 for n in range(100)]
    # between groups of one the variance is p (1 - p) n / (n - 1): a hair above independence
    found, wanted = clustered_share([float(h) for h in hits], OWN), share(hits)
    assert wanted is not None
    assert wanted.interval is not None
    assert found.interval == pytest.approx(wanted.interval, abs=1e-3)


def test_pairs_that_are_alike_within_groups_count_as_fewer() -> None:
    hits = [float(n // 10 % 2) for n in range(100)]  # ten groups of ten, all alike
    groups = [str(n // 10) for n in range(100)]
    found = clustered_share(hits, groups)
    # deff: (10/9) * 10 * 5² / 100² over 0.25 / 100 = 11.1, so that nine count
    wanted = share([n % 2 == 0 for n in range(8)]), share([n % 2 == 0 for n in range(10)])
    assert found.interval is not None
    widths = [w.interval[1] - w.interval[0] for w in wanted if w and w.interval]
    assert widths[1] < found.interval[1] - found.interval[0] < widths[0]


def test_where_all_are_right_the_groups_are_counted() -> None:
    found = clustered_share([1.0] * 20, [str(n // 5) for n in range(20)])
    wanted = share([True] * 4)
    assert wanted is not None
    assert found.interval == wanted.interval
    assert found.value == 1.0


def test_calibration_by_hand() -> None:
    # sigmoid(log 3) = 3/4: confidence 3/4, right in one of two
    found = calibration([math.log(3), -math.log(3)])
    assert found.ece == pytest.approx(0.25)
    assert found.brier == pytest.approx(2 * (0.25**2 + 0.75**2) / 2)
    (bar,) = found.reliability
    assert (bar["n"], bar["accuracy"]) == (4, 0.5)
    tie = calibration([0.0])
    assert (tie.ece, tie.brier) == (0.0, 0.5)


def test_calibration_against_scikit_learn() -> None:
    torch.manual_seed(1)
    differences = torch.randn(200, dtype=torch.float64).tolist()
    wins = [1 / (1 + math.exp(-d)) for d in differences]
    both = [*wins, *(1 - p for p in wins)]
    truth = [1] * 200 + [0] * 200
    # scikit-learn's is of one outcome, ours of both
    assert calibration(differences).brier == pytest.approx(2 * brier_score_loss(truth, both))
    accuracy = pairwise_accuracy(differences, [str(n) for n in range(200)])
    hits = roc_auc_score([1, 0], [1, 0]) * sum(d > 0 for d in differences) / 200
    assert accuracy.value == pytest.approx(hits)


def test_unseen_pairs_are_told_apart() -> None:
    other = Scores([1.0, 2.0], [2.0, 1.0], ["p", "q"], ["z", "z"])
    found = final_metrics(SCORES, other)
    assert found["unseen_pairwise_accuracy"] == 0.5
    assert set(final_metrics(SCORES, None)) == {"pairwise_ece", "pairwise_brier"}
    facts = facts_of(SCORES, other)
    assert facts["seen"]["all"]["pairwise_accuracy"]["n"] == 5
    assert facts["unseen"]["sources"]["z"]["pairwise_accuracy"]["value"] == 0.5
    assert facts["unseen"]["all"]["pairwise_accuracy"]["interval"][0] < 0.5
    assert set(facts_of(SCORES, None)) == {"seen"}
