"""Every rule says in one sentence why it takes this trial and not the next."""

import pytest

from analysis.selection import RULES, choose
from sweeps.spec.sections import SearchSpec
from tests.analysis.selection.trials import flashcards

TWO = [{"metric": "val_loss", "mode": "min"}, {"metric": "rouge1", "mode": "max"}]
METRICS = ["val_loss", "rouge1", "bleu"]
SAID = {
    "objective": ({}, "In Val Loss EXP-004 is 0.0057 (0.9%) ahead of EXP-002 (0.6622)."),
    "balanced": (
        {"metrics": METRICS},
        "EXP-002 is better in ROUGE-1 and BLEU, worse in Val Loss than EXP-004: a mean rank of "
        "1.33 against 2.00.",
    ),
    "weighted": (
        {"weights": {"val_loss": 1, "rouge1": 1}},
        "EXP-002 is better in ROUGE-1, worse in Val Loss than EXP-004, which makes 0.89 against "
        "0.66.",
    ),
    "lexicographic": (
        {"metrics": ["val_loss", "rouge1"], "tolerances": {"val_loss": 0.02}},
        "ROUGE-1 decides between EXP-002 and EXP-004: 0.2718 against 0.2674.",
    ),
}


def test_every_rule_is_here() -> None:
    elsewhere = {"knee", "one_standard_error"}  # a front: below; with its tests
    assert {*SAID, *elsewhere} == set(RULES)


@pytest.mark.parametrize("rule", SAID)
def test_the_reason_names_both_and_what_decides(rule: str) -> None:
    selection, said = SAID[rule]
    search = SearchSpec.model_validate({"selection": {"rule": rule, **selection}})
    choice = choose(flashcards(), search)
    assert choice is not None
    assert choice.reason == said
    assert choice.reason in choice.explanation


def test_the_first_metric_may_decide() -> None:
    selection = {"rule": "lexicographic", "metrics": ["val_loss", "rouge1"]}
    choice = choose(flashcards(), SearchSpec.model_validate({"selection": selection}))
    assert choice is not None
    assert choice.reason == "Val Loss decides between EXP-004 and EXP-002: 0.6565 against 0.6622."


def test_several_objectives_and_the_knee() -> None:
    from tests.analysis.selection.trials import trial

    front = [
        trial(1, val_loss=1.0, rouge1=0.10),
        trial(2, val_loss=1.2, rouge1=0.40),
        trial(3, val_loss=2.0, rouge1=0.45),
        trial(4, val_loss=3.0, rouge1=0.50),
    ]
    knee = SearchSpec.model_validate({"objective": TWO, "selection": {"rule": "knee"}})
    choice = choose(front, knee)
    assert choice is not None
    assert choice.reason == (
        "EXP-002 lies farther from the line through the front's ends than EXP-003: 0.65 against "
        "0.38 of the front's ranges."
    )
    ranks = choose(front[:2], SearchSpec.model_validate({"objective": TWO}))
    assert ranks is not None
    assert ranks.reason == (
        "EXP-001 is better in Val Loss, worse in ROUGE-1 than EXP-002: the same mean rank, 1.50, "
        "and Val Loss decides."
    )
