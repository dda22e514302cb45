"""A tie is called a tie, and no measure of a machine's load decides it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.runs import TrialView
from analysis.selection import choose
from analysis.selection.choice import Chosen
from analysis.selection.ties import cheapest_told
from sweeps.spec.sections import SearchSpec
from tests.analysis import fixtures
from tests.analysis.selection.trials import spec, trial

TWO = [{"metric": "val_loss", "mode": "min"}, {"metric": "bleu", "mode": "max"}]
SEARCHES: dict[str, dict[str, Any]] = {
    "objective": {},
    "objectives": {"objective": TWO},
    "balanced": {"selection": {"rule": "balanced", "metrics": ["val_loss", "bleu"]}},
    "weighted": {"selection": {"rule": "weighted", "weights": {"val_loss": 1, "bleu": 1}}},
    "lexicographic": {"selection": {"rule": "lexicographic", "metrics": ["val_loss", "bleu"]}},
    "knee": {"objective": TWO, "selection": {"rule": "knee"}},
}


def chosen(trials: list[TrialView], **search: Any) -> Chosen:
    found = choose(trials, SearchSpec.model_validate(search))
    assert found is not None
    return found


def costing(number: int, minutes: float, steps: int | None = None, **size: float) -> TrialView:
    made = trial(number, val_loss=0.3, bleu=0.1, minutes=minutes)
    return replace(made, size=size, steps=steps)


@pytest.mark.parametrize("rule", SEARCHES)
def test_minutes_never_decide(rule: str) -> None:
    """The slower machine's trial is no worse: of equals the lower number stands for them."""
    choice = chosen([costing(1, 9.0), costing(2, 3.0), costing(3, 1.0)], **SEARCHES[rule])
    assert choice.trial == "EXP-001"
    assert choice.tied == ("EXP-001", "EXP-002", "EXP-003")
    assert choice.undecided
    assert "No choice can be made by" in choice.explanation
    assert "all 3 trials that could be chosen tie" in choice.explanation
    assert "minutes" not in choice.explanation


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (
            {"trainable_parameters": 24_576, "tokens": 10},
            {"trainable_parameters": 12_288, "tokens": 20},
            "it trains fewer parameters than EXP-001 (12,288 against 24,576)",
        ),
        (
            {"trainable_parameters": 8, "tokens": 20},
            {"trainable_parameters": 8, "tokens": 10},
            "it learns from fewer tokens than EXP-001 (10 against 20)",
        ),
        ({"steps": 40}, {"steps": 20}, "it takes fewer optimizer steps than EXP-001 (20 against"),
        ({}, {"tokens": 5}, "it learns from fewer tokens than EXP-001 (5)"),
    ],
)
@pytest.mark.parametrize("rule", SEARCHES)
def test_what_costs_less_stands_for_the_others(
    rule: str, one: dict[str, Any], other: dict[str, Any], why: str
) -> None:
    worse = trial(3, val_loss=0.9, bleu=0.05, minutes=0.1)
    found = chosen([costing(1, 1.0, **one), costing(2, 9.0, **other), worse], **SEARCHES[rule])
    assert found.trial == "EXP-002"
    assert why in found.reason
    assert found.reason in found.explanation


def test_a_tie_of_some_names_them_and_what_is_next() -> None:
    trials = [costing(1, 2.0), costing(2, 1.0), trial(3, val_loss=0.5)]
    choice = chosen(trials)
    assert choice.tied == ("EXP-001", "EXP-002")
    assert not choice.undecided
    said = choice.explanation
    assert (
        "This is a tie: EXP-001 and EXP-002 cannot be told apart by Val Loss (0.3000 each)" in said
    )
    assert "0.2000 (40.0%) ahead of EXP-003 (0.5000)" in said


def test_many_ties_name_a_few() -> None:
    choice = chosen([costing(n, 1.0) for n in range(1, 9)])
    assert "EXP-004, EXP-005 and 3 more" in choice.explanation


def test_one_trial_is_no_tie() -> None:
    choice = chosen([costing(1, 1.0)])
    assert choice.tied == ()
    assert choice.reason == "No other trial could be chosen."


def test_best_json_says_so(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    for number in (1, 2):
        fixtures.write_trial(tmp_path, number, {"lora.r": 8 * number}, {"val_loss": 0.3})
    best = write_best(decided(tmp_path))
    assert best is not None
    assert best["tie"] == {"trials": ["EXP-001", "EXP-002"], "all": True}
    assert "No choice can be made by Val Loss (0.3000 each)" in best["explanation"]


def test_where_nothing_ties_best_json_says_why_this_one(run_folder: Path) -> None:
    best = write_best(decided(run_folder))
    assert best is not None
    assert best["tie"] is None
    assert best["reason"] in best["explanation"]
    assert spec().selection.rule == "objective"


def test_the_cheapest_is_named_with_its_reason_or_not_at_all() -> None:
    small, large = (
        costing(2, 9.0, 4, trainable_parameters=10),
        costing(1, 1.0, 4, trainable_parameters=20),
    )
    told = "the cheapest of them is EXP-002, which trains the fewest parameters"
    assert cheapest_told([large, small]) == told
    short = costing(3, 9.0, 2, trainable_parameters=20)
    told = "the cheapest of them is EXP-003, which takes the fewest optimizer steps"
    assert cheapest_told([large, short]) == told
    assert cheapest_told([large, large]) == "nothing known of their cost differs"
