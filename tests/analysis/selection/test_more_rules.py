"""The rules `weighted`, `lexicographic` and `knee`, by hand."""

import pytest

from analysis.runs import TrialView
from analysis.selection import choose
from analysis.selection.choice import Chosen
from sweeps.spec.sections import SearchSpec
from tests.analysis.selection.trials import flashcards, spec, trial


def chosen(trials: list[TrialView], search: SearchSpec) -> Chosen:
    found = choose(trials, search)
    assert found is not None
    return found


def searching(
    rule: str, objectives: list[dict[str, str]] | None = None, **more: object
) -> SearchSpec:
    written = {"selection": {"rule": rule, **more}}
    return SearchSpec.model_validate(
        {**written, **({"objective": objectives} if objectives else {})}
    )


THREE = [  # loss from 1 (best) to 3 (worst), BLEU from 0.1 (worst) to 0.5 (best)
    trial(1, val_loss=1.0, bleu=0.1),
    trial(2, val_loss=2.0, bleu=0.4),  # half of the loss's range, three quarters of BLEU's
    trial(3, val_loss=3.0, bleu=0.5),
]


@pytest.mark.parametrize(
    ("weights", "best", "score"),
    [
        ({"val_loss": 1, "bleu": 1}, "EXP-002", 0.5 * 0.5 + 0.75 * 0.5),
        ({"val_loss": 3, "bleu": 1}, "EXP-001", 0.75),
        ({"val_loss": 1, "bleu": 4}, "EXP-003", 0.8),
    ],
)
def test_weights_decide(weights: dict[str, float], best: str, score: float) -> None:
    choice = chosen(THREE, searching("weighted", weights=weights))
    assert choice.trial == best
    assert f"{score:.2f} of 1 among 3 complete trials" in choice.explanation
    assert choice.rule == {"rule": "weighted", "weights": weights}


def test_weights_are_shares() -> None:
    """Twice all weights is the same weighting; equal values take no side."""
    trials = [trial(1, val_loss=1.0, bleu=0.3), trial(2, val_loss=2.0, bleu=0.3)]
    one = chosen(trials, searching("weighted", weights={"val_loss": 1, "bleu": 9}))
    two = chosen(trials, searching("weighted", weights={"val_loss": 2, "bleu": 18}))
    assert one.trial == two.trial == "EXP-001"
    assert "Val Loss 10%, BLEU 90%" in one.explanation
    assert one.explanation == two.explanation


def test_weights_of_metrics_that_one_stands_in_for_add_up() -> None:
    trials = [
        trial(1, model="a", val_loss=0.1, perplexity=1.1, bits_per_byte=0.9, bleu=0.3),
        trial(2, model="b", val_loss=0.2, perplexity=1.2, bits_per_byte=0.8, bleu=0.2),
    ]
    search = SearchSpec.model_validate(
        {
            "parameters": {"model.name_or_path": {"values": ["a", "b"]}},
            "selection": {
                "rule": "weighted",
                "weights": {"bleu": 3, "val_loss": 2, "perplexity": 2},
            },
        }
    )
    choice = chosen(trials, search)
    assert choice.trial == "EXP-002"
    assert "BLEU 43%, Bits/Byte 57%" in choice.explanation


@pytest.mark.parametrize(
    ("tolerance", "best", "said"),
    [
        (0.0, "EXP-004", "Val Loss: 1 of 4 are at"),  # the authors' lowest loss
        (0.02, "EXP-002", "Val Loss: 2 of 4 are within 0.02 of"),  # and their own choice
    ],
)
def test_what_is_as_good_within_a_tolerance_goes_to_the_next_metric(
    tolerance: float, best: str, said: str
) -> None:
    search = searching(
        "lexicographic", metrics=["val_loss", "rouge1"], tolerances={"val_loss": tolerance}
    )
    choice = chosen(flashcards(), search)
    assert choice.trial == best
    assert said in choice.explanation


def test_the_order_of_metrics_is_their_importance() -> None:
    wide = {"val_loss": 1.0, "bleu": 0.1}
    by_loss = searching("lexicographic", metrics=["val_loss", "bleu"], tolerances=wide)
    by_bleu = searching("lexicographic", metrics=["bleu", "val_loss"], tolerances=wide)
    assert chosen(THREE, by_loss).trial == "EXP-002"  # 1 and 2 are as good; 2 has more BLEU
    assert chosen(THREE, by_bleu).trial == "EXP-002"  # 3 and 2 are as good; 2 has less loss
    ranks = {row["trial"]: row["rank"] for row in chosen(THREE, by_loss).numbers}
    assert ranks == {"EXP-002": 1, "EXP-001": 2, "EXP-003": 3}


TWO = [{"metric": "val_loss", "mode": "min"}, {"metric": "bleu", "mode": "max"}]


def test_the_knee_is_where_more_of_one_costs_most_of_the_other() -> None:
    front = [
        trial(1, val_loss=1.0, bleu=0.10),
        trial(2, val_loss=1.2, bleu=0.40),  # most of BLEU for a tenth of the loss
        trial(3, val_loss=2.0, bleu=0.45),
        trial(4, val_loss=3.0, bleu=0.50),
        trial(5, val_loss=2.5, bleu=0.20),  # dominated by 2 and 3
    ]
    choice = chosen(front, searching("knee", TWO))
    assert choice.trial == "EXP-002"
    assert choice.front == ("EXP-001", "EXP-002", "EXP-003", "EXP-004")
    assert "knee of the Pareto front of 4 trials over Val Loss, BLEU" in choice.explanation
    ranks = {row["trial"]: row["rank"] for row in choice.numbers}
    # distances from the line: 2: 0.9 + 0.75 - 1; 3: 0.5 + 0.875 - 1; the ends: 0
    assert (ranks["EXP-002"], ranks["EXP-003"], ranks["EXP-005"]) == (1, 2, None)


def test_a_front_of_two_has_no_knee() -> None:
    ends = [trial(1, val_loss=1.0, bleu=0.1), trial(2, val_loss=2.0, bleu=0.4)]
    choice = chosen(ends, searching("knee", TWO))
    assert "The Pareto front has 2 trials, too few for a knee." in choice.explanation
    assert choice.rule["rule"] == "knee"


@pytest.mark.parametrize("rule", ["objective", "balanced", "weighted", "lexicographic", "knee"])
def test_constraints_hold_under_every_rule(rule: str) -> None:
    trials = [
        trial(1, val_loss=1.0, bleu=0.5, kl=0.9, minutes=1),
        trial(2, val_loss=1.5, bleu=0.4, kl=0.1, minutes=1),
        trial(3, val_loss=1.2, bleu=0.45, minutes=1),  # whose KL nobody measured
        trial(4, val_loss=1.7, bleu=0.3, kl=0.05, minutes=1),
    ]
    more = {"weights": {"val_loss": 1, "bleu": 1}} if rule == "weighted" else {}
    metrics = {"metrics": ["val_loss", "bleu"]} if rule in ("balanced", "lexicographic") else {}
    objectives = TWO if rule == "knee" else None
    search = searching(rule, objectives, constraints=["kl <= 0.1"], **more, **metrics)
    choice = chosen(trials, search)
    assert choice.trial == "EXP-002"
    assert "Of 4 complete trials 2 keep all constraints (kl <= 0.1 by 2)." in choice.explanation
    assert {r["trial"] for r in choice.numbers if r["rank"] is None} >= {"EXP-001", "EXP-003"}


def test_where_none_keeps_them_nothing_is_chosen() -> None:
    from analysis.selection import why_none

    search = searching("objective", constraints=["kl < 0.1", "bleu >= 0.9"])
    trials = [trial(1, val_loss=1.0, kl=0.1, bleu=0.95), trial(2, val_loss=2.0, kl=0.2, bleu=0.1)]
    assert choose(trials, search) is None
    said = "of 2 complete trials 0 keep all constraints (kl < 0.1 by 0, bleu >= 0.9 by 1)."
    assert why_none(trials, search) == f"No trial could be chosen: {said}"
    assert spec().selection.bounds == ()
