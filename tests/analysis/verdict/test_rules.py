"""The verdict by rules of several metrics, by one standard error, and by a benchmark's metric."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.report.confirmation import confirmation_passage
from analysis.runs import load_run
from analysis.verdict.numbers import numbers
from analysis.verdict.verdict import Verdict, verdict
from analysis.verdict.words import headline, paragraphs
from tests.analysis.verdict.runs import CLEAR, POOL, A, B, C, confirmed

BALANCED = {"selection": {"rule": "balanced", "metrics": ["val_loss", "rouge1", "bleu"]}}
LEXICOGRAPHIC = {
    "selection": {
        "rule": "lexicographic",
        "metrics": ["val_loss", "rouge1"],
        "tolerances": {"val_loss": 0.5},
    }
}
WEIGHTED = {
    "selection": {
        "rule": "weighted",
        "metrics": ["val_loss", "rouge1"],
        "weights": {"val_loss": 1, "rouge1": 3},
    }
}
OBJECTIVES = [{"metric": "val_loss", "mode": "min"}, {"metric": "rouge1", "mode": "max"}]
KNEE = {"objective": OBJECTIVES, "selection": {"rule": "knee", "metrics": ["val_loss", "rouge1"]}}
PARETO = {"objective": OBJECTIVES}


def runs(loss: float, rouge: float, bleu: float = 0.06, seeds: int = 3) -> list[dict[str, float]]:
    """Fresh runs that hardly differ."""
    return [
        {"val_loss": loss + d, "rouge1": rouge - d, "bleu": bleu + d}
        for d in (0.0, 0.001, -0.001)[:seeds]
    ]


# A is worse in the loss and better in both others
TRADE = {A: runs(0.66, 0.30, 0.09), B: runs(0.60, 0.20, 0.05), C: runs(0.90, 0.10, 0.01)}


def told(folder: Path, values: Any, search: Any, **asked: Any) -> Verdict:
    several = {"metric": None, "pool": {}, **asked}
    found = verdict(load_run(confirmed(folder, values, search=search, **several)))
    assert found is not None
    return found


@pytest.mark.parametrize("search", [BALANCED, LEXICOGRAPHIC, WEIGHTED])
def test_who_is_worse_in_the_first_metric_is_not_called_better(tmp_path: Path, search: Any) -> None:
    found = told(tmp_path / "run", TRADE, search)
    assert (found.leader, found.advice, found.alike) == (A, A, ())
    said = paragraphs(found)
    assert said[0] == f"Use {found.name(A)}: the rule takes it by the means of all runs."
    whole = " ".join(said)
    assert f"{found.name(A)} is worse than {found.name(B)} by 0.0600 nats" in whole
    assert f"{found.name(A)} is better than {found.name(B)} by 0.1000 in ROUGE-1" in whole
    assert "cannot be told apart" not in whole
    of = 2 * len(found.also) + 2
    assert f"3 seeds, corrected for {of} comparisons" in whole
    assert f"Of 3 new seeds, each by itself, the rule takes {found.name(A)} by 3." in whole
    assert "race" not in whole


@pytest.mark.parametrize("search", [KNEE, PARETO])
def test_several_objectives_are_chosen_by_their_rule(tmp_path: Path, search: Any) -> None:
    folder = confirmed(tmp_path / "run", TRADE, search=search, metric=None, pool={})
    found = verdict(load_run(folder))
    assert found is not None
    assert found.leader in (A, B)
    assert len(found.also) == 1
    assert "beyond chance" not in headline(found)
    best = write_best(decided(folder))
    assert best is not None
    assert set(best["confirmed"]["by_metric"]) == {"val_loss", "rouge1"}


def test_every_metric_has_its_table_and_its_numbers(tmp_path: Path) -> None:
    found = told(tmp_path / "run", TRADE, BALANCED)
    passage = confirmation_passage(found)
    assert passage is not None
    assert [heading for heading, _ in passage.tables] == ["Val Loss", "ROUGE-1", "BLEU"]
    table = passage.tables[1][1]
    assert "P(best)" not in [column.title for column in table.columns]
    assert "as believed" not in table.note
    assert [cell.text for cell in table.lines[1].cells][4] == "−0.1000"
    kept = numbers(found)
    assert kept["taken_by_seeds_alone"] == {A: 3}
    rouge = kept["by_metric"]["rouge1"]["against"][B]
    assert rouge["corrected"]["n_comparisons"] == 6
    assert rouge["corrected"]["method"] == "bonferroni"
    assert kept["clear"]


def test_a_tie_is_one_in_every_metric_of_the_rule(tmp_path: Path) -> None:
    noisy = {
        name: [
            {"val_loss": 0.6 + d + s, "rouge1": 0.3 - d, "bleu": 0.06 + d / 10}
            for d in (0.0, 0.02, -0.02)
        ]
        for name, s in ((A, 0.001), (B, 0.0), (C, 0.002))
    }
    noisy[C] = runs(0.9, 0.1, 0.01)
    noisy[B] = [noisy[B][i] for i in (2, 0, 1)]
    found = told(tmp_path / "run", noisy, BALANCED)
    (other,) = {A, B} - {found.leader}
    assert found.alike == (other,)
    assert "is not told apart from" in headline(found)
    assert headline(found).endswith("by any metric of the rule.")


def test_a_baseline_that_is_beaten_in_no_metric_is_the_advice(tmp_path: Path) -> None:
    wide = [(0.0, 0.0), (0.2, 0.2), (-0.2, -0.2)]
    values = {
        name: [{"val_loss": 0.6 + d, "rouge1": 0.3 + r + s, "bleu": 0.06} for d, r in order]
        for name, s, order in ((A, 0.01, wide), (B, 0.0, wide[::-1]), (C, 0.0, wide[1:] + wide[:1]))
    }
    found = told(tmp_path / "run", values, BALANCED)
    assert (found.leader, found.advice) == (A, C)
    assert "in none of its metrics beyond chance" in headline(found)


def test_a_failed_seed_counts_where_a_rule_takes_means(tmp_path: Path) -> None:
    """A leads while it trains; of three seeds one did."""
    values = {A: [*runs(0.59, 0.31, 0.09, 1), None, None], B: runs(0.60, 0.30, 0.08)}
    values[C] = runs(0.90, 0.10, 0.01)
    found = told(tmp_path / "run", values, BALANCED)
    assert found.leader == B
    assert "2 new seeds of EXP-04 (3 Epochs) failed" in " ".join(paragraphs(found))


def test_one_new_seed_tells_nobody_apart_by_several_metrics(tmp_path: Path) -> None:
    one = {name: values[:1] for name, values in TRADE.items()}
    found = told(tmp_path / "run", one, BALANCED, seeds=1)
    assert found.leader in (A, B)
    assert set(found.alike) == {A, B, C} - {found.leader}


ONE_SE = {"selection": {"rule": "one_standard_error", "cheapest_by": "minutes"}}


def seconds(loss: float, spread: float, minutes: float) -> list[dict[str, float]]:
    return [{"val_loss": loss + d * spread, "minutes": minutes} for d in (0, 1, -1)]


def test_the_cheapest_within_one_standard_error_is_the_advice(tmp_path: Path) -> None:
    values = {A: seconds(0.60, 0.02, 9), B: [*seconds(0.60, 0.021, 3)], C: seconds(0.9, 0.02, 1)}
    pool = {**POOL, A: 0.600, B: 0.603}
    found = told(tmp_path / "run", values, ONE_SE, metric="val_loss", pool=pool)
    assert (found.leader, found.advice) == (A, B)
    said = headline(found)
    assert said.startswith(f"Use {found.name(B)}. {found.name(B)} is the cheapest by minutes")
    assert "within one standard error" in said
    assert "over 3 repeats" in said
    decision = decided(tmp_path / "run")
    assert decision.best is not None
    assert decision.best.trial == B


def test_what_is_farther_than_one_standard_error_is_not_taken(tmp_path: Path) -> None:
    values = {A: seconds(0.60, 0.002, 9), B: seconds(0.64, 0.002, 3), C: seconds(0.9, 0.002, 1)}
    found = told(tmp_path / "run", values, ONE_SE, metric="val_loss")
    assert (found.leader, found.advice, found.cheaper) == (A, A, None)


def test_a_baseline_within_the_error_is_no_cheaper_winner(tmp_path: Path) -> None:
    """What is cheaper must be better than the baseline, as the leader must."""
    values = {A: seconds(0.60, 0.02, 9), B: CLEAR[C], C: seconds(0.602, 0.02, 1)}
    found = told(tmp_path / "run", values, ONE_SE, metric="val_loss")
    assert found.cheaper is None
    assert found.advice == C


def test_a_benchmark_s_questions_do_not_change_with_the_split(tmp_path: Path) -> None:
    search = {"objective": {"metric": "medqa_accuracy", "mode": "max"}}
    values = {
        name: [{"medqa_accuracy": start + d, "val_loss": 0.6} for d in (0.0, 0.01, 0.02)]
        for name, start in ((A, 0.6), (B, 0.5), (C, 0.4))
    }
    folder = confirmed(
        tmp_path / "run",
        values,
        search=search,
        vary=("seed", "split"),
        metric="medqa_accuracy",
        mode="max",
        pool={},
    )
    for trial in (A, B, C):
        file = folder / "trials" / trial / "record.json"
        record = json.loads(file.read_text())
        metrics = {**record["metrics"], "medqa_accuracy": 0.5}
        file.write_text(json.dumps({**record, "metrics": metrics}))
    found = verdict(load_run(folder))
    assert found is not None
    assert found.leader == A
    said = " ".join(paragraphs(found))
    assert "on other rows" not in said
    assert "chance between rows not seen" in said
