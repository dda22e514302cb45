"""The rule `balanced`."""

import pytest

from analysis.selection import choose
from tests.analysis.selection.trials import flashcards, spec, trial


def test_flashcards_rows_choose_exp_02_as_their_authors_did() -> None:
    choice = choose(flashcards(), spec(rule="balanced"))
    assert choice is not None
    assert choice.trial == "EXP-002"
    ranks = {row["trial"]: row["rank"] for row in choice.numbers}
    expected = {"EXP-001": 11 / 3, "EXP-002": 4 / 3, "EXP-003": 3.0, "EXP-004": 2.0}
    assert ranks == pytest.approx(expected)
    assert choice.rule == {"rule": "balanced", "metrics": ["val_loss", "rouge1", "bleu"]}
    assert "Val Loss no. 2, ROUGE-1 no. 1, BLEU no. 1" in choice.explanation
    assert "The second is EXP-004 with a mean rank of 2.00." in choice.explanation


def test_equal_values_share_their_rank() -> None:
    trials = [
        trial(1, val_loss=0.1, bleu=0.1),
        trial(2, val_loss=0.2, bleu=0.1),
        trial(3, val_loss=0.3, bleu=0.1),
    ]
    choice = choose(trials, spec(rule="balanced", metrics=["val_loss", "bleu"]))
    assert choice is not None
    assert [row["rank"] for row in choice.numbers] == [1.5, 2.0, 2.5]


def test_ties_in_the_mean_go_to_the_first_metric() -> None:
    trials = [trial(1, val_loss=0.2, bleu=0.4), trial(2, val_loss=0.1, bleu=0.3)]
    by_loss = choose(trials, spec(rule="balanced", metrics=["val_loss", "bleu"]))
    by_bleu = choose(trials, spec(rule="balanced", metrics=["bleu", "val_loss"]))
    assert by_loss is not None
    assert by_bleu is not None
    assert (by_loss.trial, by_bleu.trial) == ("EXP-002", "EXP-001")
    assert "EXP-001 has the same mean rank; Val Loss decided." in by_loss.explanation


def test_a_trial_without_one_of_the_metrics_is_left_out() -> None:
    trials = [trial(1, val_loss=0.1), trial(2, val_loss=0.9, bleu=0.1)]
    choice = choose(trials, spec(rule="balanced", metrics=["val_loss", "bleu"]))
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert "No other trial could be chosen." in choice.explanation


def test_several_models_are_compared_by_bits_per_byte_counted_once() -> None:
    trials = [
        trial(1, model="a", val_loss=0.1, perplexity=1.1, bits_per_byte=0.9, bleu=0.2),
        trial(2, model="b", val_loss=0.2, perplexity=1.2, bits_per_byte=0.8, bleu=0.3),
    ]
    sought = ["val_loss", "perplexity", "bleu"]
    searched = {"model.name_or_path": {"values": ["a", "b"]}}
    choice = choose(trials, spec(rule="balanced", metrics=sought, parameters=searched))
    assert choice is not None
    assert choice.trial == "EXP-002"
    assert choice.rule["metrics"] == ["bits_per_byte", "bleu"]
    assert "stands in for Val Loss and Perplexity" in choice.explanation


def test_unknown_rule_names_the_rules() -> None:
    with pytest.raises(
        ValueError, match=r"selection\.rule\n.*'objective', 'balanced', .* or 'knee'.*'best'"
    ):
        choose(flashcards(), spec(rule="best"))
