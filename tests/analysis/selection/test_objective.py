"""The rule `objective`."""

import pytest

from analysis.selection import choose, why_none
from analysis.selection.choice import Criterion
from analysis.selection.objective import pareto
from tests.analysis.selection.trials import flashcards, spec, trial


def test_flashcards_rows_choose_exp_04_by_val_loss() -> None:
    choice = choose(flashcards(), spec())
    assert choice is not None
    assert choice.trial == "EXP-004"
    assert choice.rule == {"rule": "objective", "metric": "val_loss", "mode": "min"}
    assert "0.0057 (0.9%) ahead of EXP-002 (0.6622)" in choice.explanation
    assert [row["trial"] for row in choice.numbers] == ["EXP-004", "EXP-002", "EXP-001", "EXP-003"]
    assert [row["rank"] for row in choice.numbers] == [1, 2, 3, 4]


def test_highest_wins_where_more_is_better() -> None:
    choice = choose(flashcards(), spec(("bleu", "max")))
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert "highest BLEU, 0.0662" in choice.explanation


@pytest.mark.parametrize("state", ["stopped", "failed", "infeasible", "unfinished"])
def test_only_complete_trials_are_eligible(state: str) -> None:
    trials = [trial(1, state, val_loss=0.1), trial(2, val_loss=0.9)]
    choice = choose(trials, spec())
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert choice.numbers[-1] == {
        "trial": "EXP-001",
        "label": None,
        "state": state,
        "val_loss": 0.1,
        "rank": None,
    }
    assert choose(trials[:1], spec()) is None
    assert "none of 1 trial is complete" in why_none(trials[:1], spec())


def test_a_complete_trial_without_the_metric_is_not_eligible() -> None:
    trials = [trial(1, bleu=0.5)]
    assert choose(trials, spec()) is None
    assert "none reported all of: Val Loss" in why_none(trials, spec())


def test_several_objectives_mark_the_pareto_front_and_take_the_lowest_mean_rank() -> None:
    trials = [
        trial(1, val_loss=0.1, bleu=0.1),  # ranks 1 and 4
        trial(2, val_loss=0.2, bleu=0.3),  # 2 and 2: chosen
        trial(3, val_loss=0.3, bleu=0.2),  # 3 and 3: dominated by 2
        trial(4, val_loss=0.4, bleu=0.4),  # 4 and 1
    ]
    choice = choose(trials, spec(("val_loss", "min"), ("bleu", "max")))
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert choice.front == ("EXP-001", "EXP-002", "EXP-004")
    assert {row["trial"]: row["rank"] for row in choice.numbers}["EXP-003"] == 3.0
    assert "mean rank over the objectives (Val Loss, BLEU), 2.00" in choice.explanation


def test_equal_points_are_both_on_the_front() -> None:
    both = [trial(1, val_loss=0.1), trial(2, val_loss=0.1)]
    assert pareto(both, [Criterion("val_loss", "min")]) == ("EXP-001", "EXP-002")


@pytest.mark.parametrize("metric", ["val_loss", "perplexity"])
def test_several_models_are_compared_by_bits_per_byte(metric: str) -> None:
    trials = [
        trial(1, model="a", val_loss=0.1, perplexity=1.1, bits_per_byte=0.9),
        trial(2, model="b", val_loss=0.2, perplexity=1.2, bits_per_byte=0.8),
    ]
    searched = {"model.name_or_path": {"values": ["a", "b"]}}
    choice = choose(trials, spec((metric, "min"), parameters=searched))
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert choice.rule["metric"] == "bits_per_byte"
    assert "Bits/Byte stands in for" in choice.explanation


def test_a_searched_model_counts_even_before_a_second_one_has_run() -> None:
    trials = [trial(1, val_loss=0.1, bits_per_byte=0.9), trial(2, val_loss=0.2, bits_per_byte=0.8)]
    searched = {"model.name_or_path": {"values": ["m", "other"]}}
    choice = choose(trials, spec(parameters=searched))
    assert choice is not None
    assert choice.trial == "EXP-002"
    one = choose(trials, spec(parameters={"model.name_or_path": {"values": ["m"]}}))
    assert one is not None
    assert one.trial == "EXP-001"
